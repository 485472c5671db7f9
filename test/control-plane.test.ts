import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startControllerManager } from '../dev/control-plane/controller-manager.ts';
import { startControlPlane } from '../dev/control-plane/plane.ts';
import { kube, servers, tryKube } from './kit/control-plane.ts';
import { startEtcd } from './kit/etcd-process.ts';
import { eventually } from './kit/eventually.ts';
import { createNamespace } from './kit/namespace.ts';
import { describeNeeding } from './kit/needs.ts';
import { processesOf } from './kit/processes.ts';

describe('the control plane of the tests', () => {
  it('is of the version that its binary names', async () => {
    const { gitVersion } = await kube('GET', '/version');
    expect(gitVersion).toContain(servers().binaries.kubernetesVersion.text);
  });

  it('gives Services addresses from 10.96.0.0/12, so that many tests find room', async () => {
    const namespace = await createNamespace();
    const service = await kube('POST', `/api/v1/namespaces/${namespace.name}/services`, {
      metadata: { name: 'web' },
      spec: { ports: [{ port: 80 }] },
    });
    expect(service.spec.clusterIP).toMatch(/^10\.(9[6-9]|10\d|11[01])\./);
    await namespace.remove();
  });

  it('logs each write with its user agent, and no read', async () => {
    const namespace = await createNamespace('audited');
    await kube('GET', `/api/v1/namespaces/${namespace.name}`);
    const lines = await eventually(async () => {
      const log = await readFile(servers().auditLog, 'utf8');
      const events = log
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes(namespace.name));
      expect(events).not.toEqual([]);
      return events.map((line) => JSON.parse(line));
    });
    expect(lines.map(({ verb }) => verb)).toEqual(['create']);
    await namespace.remove();
  });

  it('loses a namespace that a test has removed', async () => {
    const namespace = await createNamespace();
    await namespace.remove();
    const { status } = await tryKube('GET', `/api/v1/namespaces/${namespace.name}`);
    expect(status).toBe(404);
  });
});

describe('a control plane of its own', () => {
  it('takes flags, knows the users it made, and leaves nothing behind', async () => {
    const plane = await startControlPlane({
      binaries: servers().binaries,
      apiServerFlags: { 'event-ttl': '10m' },
    });
    const { kubeconfigPath } = plane.credentials;
    const directory = dirname(kubeconfigPath);
    expect(await readFile(kubeconfigPath, 'utf8')).toContain(plane.credentials.server);
    expect(await processesOf(directory)).toHaveLength(2);
    const user = await plane.addUser('someone', ['readers']);
    expect(await readFile(user.kubeconfigPath, 'utf8')).toContain('someone');

    await plane.stop();

    expect(await processesOf(directory)).toEqual([]);
    await expect(readFile(kubeconfigPath)).rejects.toThrow('ENOENT');
  });
});

describeNeeding('kube-controller-manager', 'the controllers of Kubernetes', () => {
  it('mirror Endpoints into EndpointSlices when asked to run', async () => {
    const { binaries, credentials } = servers();
    const manager = await startControllerManager(binaries, credentials, ['endpointslicemirroring']);
    const namespace = await createNamespace();
    const path = `/api/v1/namespaces/${namespace.name}`;
    await kube('POST', `${path}/services`, { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } });
    await kube('POST', `${path}/endpoints`, {
      metadata: { name: 'web' },
      subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }],
    });
    const group = servers().served.discoveryV1 ? 'v1' : 'v1beta1';
    await eventually(
      async () => {
        const { items } = await kube(
          'GET',
          `/apis/discovery.k8s.io/${group}/namespaces/${namespace.name}/endpointslices`,
        );
        expect(items[0]?.endpoints?.[0]?.addresses).toEqual(['10.1.2.3']);
      },
      { timeoutMs: 30_000 },
    );
    await manager.stop();
    await namespace.remove();
  });
});

describe('a registry', () => {
  const started: { stop(): Promise<void> }[] = [];
  const start: typeof startEtcd = async (options) => {
    const registry = await startEtcd(options);
    started.push(registry);
    return registry;
  };
  afterAll(() => Promise.all(started.map((registry) => registry.stop())));

  it('keeps its data and its address when a member is killed and started again', async () => {
    const registry = await start();
    const [member] = registry.members;
    await registry.etcdctl(['put', '/services/web/1', '10.0.0.1:80']);
    const before = member?.pid;
    await member?.restart();
    expect(member?.pid).not.toBe(before);
    expect(await registry.etcdctl(['get', '--print-value-only', '/services/web/1'])).toBe('10.0.0.1:80\n');
  });

  it('of three members serves while one is paused', async () => {
    const registry = await start({ members: 3 });
    registry.members[2]?.pause();
    // Where it led, the others elect first, and what they were asked before is lost.
    await eventually(() => registry.etcdctl(['put', 'a', '1'], { member: 0 }), { timeoutMs: 20_000 });
    expect(await registry.members[2]?.isHealthy()).toBe(false);
    registry.members[2]?.resume();
    await eventually(async () => expect(await registry.members[2]?.isHealthy()).toBe(true));
  });

  it('lets nobody in without its certificate, nor a user at keys of others', async () => {
    const users = [{ name: 'shop', password: 'sesame', prefix: '/shop/', access: 'readwrite' }] as const;
    const registry = await start({ tls: true, auth: { rootPassword: 'root', users, token: 'jwt' } });
    await registry.etcdctl(['put', '/shop/1', 'x'], { user: 'shop:sesame' });
    await expect(registry.etcdctl(['get', '/else'], { user: 'shop:sesame' })).rejects.toThrow(
      'permission denied',
    );
    await expect(fetch(`${registry.endpoints[0]}/version`)).rejects.toThrow();
  });

  it('goes back to a snapshot under the same address', async () => {
    const registry = await start();
    const file = `${registry.members[0]?.dataDirectory}.snapshot`;
    await registry.etcdctl(['put', 'kept', '1']);
    await registry.saveSnapshot(file);
    await registry.etcdctl(['put', 'lost', '1']);
    await registry.restoreFromSnapshot(file);
    expect(await registry.etcdctl(['get', '--keys-only', '--prefix', ''])).toBe('kept\n\n');
  });

  it('leaves no process and no data behind when stopped', async () => {
    const registry = await startEtcd({ members: 3 });
    const directory = dirname(registry.members[0]?.dataDirectory ?? '');
    expect(await processesOf(directory)).toHaveLength(3);
    await registry.stop();
    expect(await processesOf(directory)).toEqual([]);
  });
});

describeNeeding('etcd 3.4', 'an old registry', () => {
  it('runs as well', async () => {
    const registry = await startEtcd({ release: '3.4' });
    expect(registry.version).toMatch(/^3\.4\./);
    await registry.etcdctl(['put', 'a', '1']);
    await registry.stop();
  });
});
