import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { EtcdServiceInput } from '../../src/api/etcd-service.ts';
import type { Rule } from '../../src/kube/rights.ts';
import { auditOf } from '../kit/audit.ts';
import { servers } from '../kit/control-plane.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { type Scene, skipMirror, startScene } from '../kit/scene.ts';
import { ServiceAccount } from '../kit/service-account.ts';
import { bin, command, type Ended } from './command.ts';

let scene: Scene;
let folder: string;

beforeAll(async () => {
  [scene, folder] = await Promise.all([startScene(), mkdtemp(join(tmpdir(), 'etcd-endpoints-plan-'))]);
  return async () => {
    await scene.stop();
    await rm(folder, { recursive: true });
  };
});

function plan(...args: readonly string[]): Promise<Ended> {
  return command(['plan', `--etcd=${scene.registry.endpoints.join()}`, ...args]);
}

/** Against the cluster of the scene. */
function planThere(...args: readonly string[]): Promise<Ended> {
  const { kubeconfigPath } = servers().credentials;
  return plan(`--kubeconfig=${kubeconfigPath}`, '--against=cluster', '-n', scene.namespace, ...args);
}

function etcdService(name: string, spec: Partial<EtcdServiceInput> = {}): object {
  return {
    apiVersion: 'etcd-endpoints.io/v1alpha1',
    kind: 'EtcdService',
    metadata: { name },
    spec: { prefix: `/services/${name}`, ports: [{ port: 80 }], ...spec },
  };
}

/** JSON is YAML. */
async function fileOf(...objects: readonly object[]): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.yaml`);
  await writeFile(path, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  return path;
}

function changesOf({ stdout }: Ended): readonly AnyObject[] {
  return JSON.parse(stdout).etcdServices.flatMap(({ changes }: AnyObject) => changes);
}

/** What somebody else made of an object that was planned, without the bookkeeping of the apiserver. */
function written({ metadata, ...object }: AnyObject): object {
  const { uid, resourceVersion, generation, creationTimestamp, managedFields, ...kept } = metadata;
  return { ...object, metadata: kept };
}

describe('plan of files', () => {
  it('needs no cluster: it prints each object that would be made, and exits with 1', async () => {
    await scene.registrar.put({ '/services/alone/1': '10.0.0.1:8080', '/services/alone/2': 'broken' });
    const { code, stdout, stderr } = await plan('-f', await fileOf(etcdService('alone')), '--output=yaml');
    expect(code).toBe(1);
    const objects = parseAllDocuments(stdout).map((document) => document.toJS());
    expect(objects.map(({ kind }) => kind)).toEqual(['Service', 'EndpointSlice', 'Endpoints']);
    expect(objects[0]).toMatchObject({ metadata: { namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
    expect(objects[1].endpoints).toMatchObject([{ addresses: ['10.0.0.1'] }]);
    expect(stderr).toMatch(/EtcdService default\/alone: rejected \/services\/alone\/2: \w+/);
  });

  it('reads several files, the standard input and lists, and passes over what is not ours', async () => {
    await scene.registrar.put({ '/services/piped/1': '10.0.0.1:8080' });
    const list = { apiVersion: 'v1', kind: 'List', items: [etcdService('piped'), { ...deployment }] };
    const args = ['plan', `--etcd=${scene.registry.endpoints.join()}`, '--output=summary', '-f', '-', '-f'];
    const { promise, resolve } = Promise.withResolvers<string>();
    const child = execFile(
      process.execPath,
      [bin, ...args, await fileOf(etcdService('alone'))],
      (_, stdout) => resolve(stdout),
    );
    child.stdin?.end(JSON.stringify(list));
    const lines = (await promise).split('\n');
    expect(lines.filter((line) => /^\S/.test(line)).map((line) => line.split(':')[0])).toEqual([
      'default/alone',
      'default/piped',
    ]);
    expect(lines).toContain('  create Service default/piped');
  });

  it('fills a Service of the files as if it were applied', async () => {
    await scene.registrar.put({ '/services/given/1': '10.0.0.1' });
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'given' },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    };
    const never = etcdService('given', { ports: undefined, service: { creationPolicy: 'Never' } });
    const changes = changesOf(await plan('-f', await fileOf(service, never), '--output=json'));
    expect(changes.map(({ action, kind }) => `${action} ${kind}`)).toEqual([
      'create EndpointSlice',
      'create Endpoints',
    ]);
    expect(changes[0]?.after.ports).toMatchObject([{ name: 'http', port: 8080 }]);
  });

  it('gives a Service the ports that registrations announce, where the spec says so', async () => {
    await scene.registrar.put({ '/services/announced/1': '10.0.0.1:8080' });
    const announced = etcdService('announced', { ports: undefined, portsFrom: 'Registrations' });
    const [service] = changesOf(await plan('-f', await fileOf(announced), '--output=json'));
    expect(service?.after.spec.ports).toMatchObject([{ port: 8080 }]);
  });

  it('uses an EtcdRegistry of the files, by its grants, and names what it lacks', async () => {
    await scene.registrar.put({ '/services/granted/1': '10.0.0.1:80' });
    const registry = (more: object = {}): object => ({
      apiVersion: 'etcd-endpoints.io/v1alpha1',
      kind: 'EtcdRegistry',
      metadata: { name: 'company' },
      spec: {
        endpoints: [...scene.registry.endpoints],
        grants: [{ namespaces: { names: ['shop'] }, prefixes: ['/services'] }],
        ...more,
      },
    });
    const object = etcdService('granted', { registryRef: { name: 'company' } });
    const outcome = async (namespace: string, ...objects: readonly object[]): Promise<string> => {
      const { code, stdout } = await command([
        'plan',
        '-n',
        namespace,
        '--output=json',
        '-f',
        await fileOf(object, ...objects),
      ]);
      const [{ ready }] = JSON.parse(stdout).etcdServices;
      return `${code} ${ready.reason} ${ready.message}`;
    };
    expect(await outcome('shop', registry())).toMatch(/^1 Published/);
    expect(await outcome('other', registry())).toMatch(/^2 RegistryNotGranted/);
    expect(await outcome('shop')).toMatch(/^2 RegistryNotFound/);
    const secured = registry({ userSecretRef: { name: 'etcd-user' } });
    expect(await outcome('shop', secured)).toMatch(/^2 SecretNotFound .*Secret etcd-user/);
  });

  it.each([
    ['an unknown option', ['--fil', 'x'], 'Unknown flag --fil'],
    ['a file that is not there', ['-f', '/nowhere.yaml'], '--file "/nowhere.yaml": cannot be read'],
    ['nothing to plan', ['-f', '/dev/null'], 'There is no EtcdService in the files'],
    ['neither files nor a cluster', ['--against=nothing'], '--against=nothing needs --file'],
  ])('exits with 2 on %s', async (_, args, message) => {
    const { code, stdout, stderr } = await plan(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('exits with 2 where etcd does not answer in time, and says so', async () => {
    const file = await fileOf(etcdService('alone'));
    const { code, stderr } = await command(['plan', '--etcd=127.0.0.1:1', '--timeout=1s', '-f', file]);
    expect(code).toBe(2);
    expect(stderr).toContain('EtcdService default/alone: PLAN_TIMEOUT');
  });
});

describe('plan of a cluster', () => {
  it('plans what the controller then makes, object by object, and finds nothing to do afterwards', async () => {
    await scene.registrar.put({ '/services/made/1': '10.0.0.1:8080', '/services/made/2': '10.0.0.2:8081' });
    const file = await fileOf(
      etcdService('made', { service: { deletionPolicy: 'Retain', labels: { a: 'b' } } }),
    );
    const before = await planThere('-f', file, '--output=json');
    expect(before.code).toBe(1);
    await scene.define('made', { service: { deletionPolicy: 'Retain', labels: { a: 'b' } } });
    await scene.untilReady('made');
    for (const { kind, name, after } of changesOf(before)) {
      const live = written(
        await scene.objects.get(`${kind.toLowerCase()}${kind === 'Endpoints' ? '' : 's'}`, name),
      );
      expect(live).toMatchObject(kind === 'Service' ? { metadata: after.metadata, spec: after.spec } : after);
    }
    for (const args of [['made'], ['-f', file]]) {
      expect(await planThere(...args)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    }
  });

  it('shows what would change as a diff', async () => {
    await scene.defineWith('changed', ['10.0.0.1:80']);
    const file = await fileOf(etcdService('changed', { ports: [{ port: 81 }] }));
    const { code, stdout } = await planThere('-f', file);
    expect(code).toBe(1);
    const lines = stdout.split('\n');
    expect(lines).toContain(`--- Service ${scene.namespace}/changed`);
    expect(lines).toContain(`+++ Service ${scene.namespace}/changed`);
    expect(
      lines.filter((line) => /^[-+] +(- )?(app|port)/.test(line)).map((line) => line.replace(/[ -]+/, ' ')),
    ).toEqual(
      expect.arrayContaining([expect.stringContaining('port: 80'), expect.stringContaining('port: 81')]),
    );
  });

  it('says what is refused, plans the others, and exits with 2', async () => {
    await scene.registrar.put({ '/services/selecting/1': '10.0.0.1:80', '/services/free/1': '10.0.0.1:80' });
    await scene.objects.create('services', 'selecting', {
      spec: { ports: [{ port: 80 }], selector: { app: 'x' } },
    });
    const file = await fileOf(etcdService('free'), etcdService('selecting'));
    const { code, stdout, stderr } = await planThere('-f', file, '--output=summary');
    expect(code).toBe(2);
    expect(stderr).toContain(`EtcdService ${scene.namespace}/selecting: ServiceHasSelector: `);
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      expect.stringMatching(/^\S+\/free: Published, 1 of 1 registrations ready: \d changes$/),
      `  create Service ${scene.namespace}/free`,
    ]);
  });

  it('shows how hand-written Endpoints and an ExternalName would be taken over', async () => {
    await scene.registrar.put({ '/services/handmade/1': '10.0.0.1:80', '/services/named/1': '10.0.0.1:80' });
    await scene.objects.create('services', 'handmade', { spec: { ports: [{ port: 80 }] } });
    await scene.objects.create('endpoints', 'handmade', {
      subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }],
    });
    await scene.objects.create('services', 'named', {
      spec: { type: 'ExternalName', externalName: 'shop.example.com' },
    });
    const adopt = { service: { creationPolicy: 'Adopt' } } as const;
    const file = await fileOf(etcdService('handmade', adopt), etcdService('named', adopt));
    const changes = changesOf(await planThere('-f', file, '--output=json'));
    const of = (kind: string, wanted: string): AnyObject =>
      changes.find((change) => change.kind === kind && change.name === wanted);
    const endpoints = of('Endpoints', 'handmade');
    expect(endpoints).toMatchObject({
      action: 'update',
      before: { subsets: [{ addresses: [{ ip: '192.0.2.1' }] }] },
    });
    expect(endpoints.after.metadata.labels).toMatchObject(skipMirror());
    expect(endpoints.after.metadata.annotations['etcd-endpoints.io/adopted-from']).toContain('192.0.2.1');
    const { before, after } = of('Service', 'named');
    expect([before.spec.type, after.spec.type]).toEqual(['ExternalName', 'ClusterIP']);
    expect(after.spec).not.toHaveProperty('externalName');
  });

  it.each(['Observe', 'Paused'] as const)('has nothing to do for the mode %s', async (mode) => {
    const { code, stdout, stderr } = await planThere('-f', await fileOf(etcdService('idle', { mode })));
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain(`spec.mode is ${mode}: the controller writes nothing`);
  });

  it('needs no right but to read, and writes nothing', async () => {
    await scene.defineWith('readable', ['10.0.0.1:80']);
    await scene.registrar.put({ '/services/readable/2': 'broken', '/services/unwritten/1': '10.0.0.1:80' });
    const account = await ServiceAccount.create(scene.objects, servers().credentials);
    onTestFinished(() => account.remove());
    await account.grant(scene.objects, planGrants);
    // It would tell of the second key in a status.
    await scene.controller.kill();
    const before = await scene.versions();
    const args = [
      '--against=cluster',
      '-n',
      scene.namespace,
      '--output=summary',
      `--kubeconfig=${account.kubeconfigPath}`,
    ];
    const known = await plan(...args, 'readable');
    expect(known).toMatchObject({ code: 0, stdout: expect.stringContaining('readable: Published') });
    const { code } = await plan(...args, '-f', await fileOf(etcdService('unwritten')));
    expect(code).toBe(1);
    expect(await scene.versions()).toEqual(before);
    expect(await auditOf({ replica: '(plan)' })).toEqual([]);
  });
});

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } };

const planGrants: readonly Rule[] = [
  { apiGroups: ['etcd-endpoints.io'], resources: ['etcdservices'], verbs: ['list'] },
  { apiGroups: [''], resources: ['services', 'endpoints'], verbs: ['list', 'get'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'get'] },
];
