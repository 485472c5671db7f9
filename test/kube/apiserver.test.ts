import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { createCache } from '../../src/kube/cache.ts';
import {
  ENDPOINTS,
  type Endpoints,
  LEASES,
  NAMESPACES,
  SERVICES,
  type Service,
} from '../../src/kube/resources.ts';
import type { KubeClient, KubeObject, Resource, WatchedCache } from '../../src/kube/types.ts';
import { kube, servers } from '../kit/control-plane.ts';
import { eventually } from '../kit/eventually.ts';
import { kubeRig, recordChanges } from '../kit/kube-rig.ts';
import { createNamespace } from '../kit/namespace.ts';

/** A resource that no CRD serves. */
const ABSENT: Resource = {
  group: 'absent.etcd-endpoints.io',
  version: 'v1',
  plural: 'nothings',
  kind: 'Nothing',
  namespaced: true,
};

async function freshNamespace(): Promise<string> {
  const namespace = await createNamespace();
  onTestFinished(() => namespace.remove());
  return namespace.name;
}

function administrator(options: { readonly pageSize?: number } = {}): KubeClient {
  return kubeRig({ kubeconfig: servers().credentials.kubeconfigPath, ...options }).client;
}

/** Somebody whom RBAC lets do nothing. */
async function nobody(): Promise<KubeClient> {
  const content = parse(await readFile(servers().credentials.kubeconfigPath, 'utf8'));
  content.users[0].user.as = 'nobody';
  const directory = await mkdtemp(join(tmpdir(), 'nobody-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, stringify(content));
  return kubeRig({ kubeconfig }).client;
}

function endpointsNamed(namespace: string, name: string, ip = '10.0.0.1'): Endpoints {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name, namespace },
    subsets: [{ addresses: [{ ip }], ports: [{ name: 'http', port: 80 }] }],
  };
}

function watched<T extends KubeObject>(
  resource: Resource<T>,
  options: Parameters<typeof createCache<T>>[2],
): WatchedCache<T> {
  const { client, deps } = kubeRig({ kubeconfig: servers().credentials.kubeconfigPath });
  const cache = createCache(client, resource, options, deps);
  onTestFinished(() => cache.close());
  return cache;
}

describe('calls to a real apiserver', () => {
  it('creates, updates by version and deletes by uid', async () => {
    const client = administrator();
    const namespace = await freshNamespace();
    const created = await client.create(ENDPOINTS, endpointsNamed(namespace, 'web'));
    const updated = await client.update(ENDPOINTS, { ...created, subsets: [] });
    expect(updated.subsets).toBeUndefined();
    await expect(client.update(ENDPOINTS, created)).rejects.toMatchObject({ code: 'KUBE_CONFLICT' });
    await expect(client.create(ENDPOINTS, endpointsNamed(namespace, 'web'))).rejects.toMatchObject({
      code: 'KUBE_ALREADY_EXISTS',
    });
    await client.delete(ENDPOINTS, updated.metadata);
    await expect(client.get(ENDPOINTS, 'web', namespace)).resolves.toBeUndefined();
    // Endpoints may be created by an update, so that this is a conflict, where it is NOT_FOUND for others.
    await expect(client.update(ENDPOINTS, updated)).rejects.toMatchObject({ code: 'KUBE_CONFLICT' });
  });

  it('never deletes another object of the same name', async () => {
    const client = administrator();
    const namespace = await freshNamespace();
    const first = await client.create(ENDPOINTS, endpointsNamed(namespace, 'web'));
    await client.delete(ENDPOINTS, first.metadata);
    const second = await client.create(ENDPOINTS, endpointsNamed(namespace, 'web'));
    await expect(client.delete(ENDPOINTS, first.metadata)).resolves.toBeUndefined();
    await expect(client.get(ENDPOINTS, 'web', namespace)).resolves.toMatchObject({
      metadata: { uid: second.metadata.uid },
    });
  });

  it('applies only the fields that it names, under its own field manager', async () => {
    const client = administrator();
    const namespace = await freshNamespace();
    const service: Service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace },
      spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    };
    await client.apply(SERVICES, service, { force: false });
    await client.mergePatch(SERVICES, service.metadata, { metadata: { labels: { team: 'shop' } } });
    const applied = await client.apply(SERVICES, service, { force: true });
    expect(applied.metadata.labels).toEqual({ team: 'shop' });
    const stored = await kube('GET', `/api/v1/namespaces/${namespace}/services/web`);
    const managers = stored.metadata.managedFields.map(({ manager }: { manager: string }) => manager);
    expect(new Set(managers)).toEqual(new Set(['etcd-endpoints.io']));
  });

  it('names field and reason of what is invalid', async () => {
    const client = administrator();
    const namespace = await freshNamespace();
    const invalid = client.create(ENDPOINTS, endpointsNamed(namespace, 'web', '127.0.0.1'));
    await expect(invalid).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'KUBE_INVALID',
      message: expect.stringContaining('subsets[0].addresses[0].ip (FieldValueInvalid)'),
    });
    await expect(invalid).rejects.not.toThrow('127.0.0.1');
  });

  it('knows a namespace that is being deleted from one that never was', async () => {
    const client = administrator();
    const namespace = await createNamespace();
    await kube('DELETE', `/api/v1/namespaces/${namespace.name}`);
    await expect(client.create(ENDPOINTS, endpointsNamed(namespace.name, 'web'))).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'KUBE_NAMESPACE_TERMINATING',
    });
    await namespace.remove();
    await expect(client.create(ENDPOINTS, endpointsNamed('never-was', 'web'))).rejects.toMatchObject({
      code: 'KUBE_NOT_FOUND',
    });
  });

  it('names the verb, resource and namespace that are not granted, each verb in turn', async () => {
    const client = await nobody();
    const meta = { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '1' };
    const endpoints = { ...endpointsNamed('default', 'web'), metadata: meta };
    const refused: [string, () => Promise<unknown>][] = [
      ['get', () => client.get(ENDPOINTS, 'web', 'default')],
      ['list', () => client.list(ENDPOINTS, { namespace: 'default' })],
      ['create', () => client.create(ENDPOINTS, endpoints)],
      ['update', () => client.update(ENDPOINTS, endpoints)],
      ['patch', () => client.mergePatch(ENDPOINTS, meta, {})],
      ['delete', () => client.delete(ENDPOINTS, meta)],
    ];
    for (const [verb, call] of refused) {
      await expect(call()).rejects.toMatchObject({
        code: 'KUBE_FORBIDDEN',
        message: expect.stringContaining(`grant verb "${verb}" on "endpoints" in namespace default`),
      });
    }
    await expect(client.list(ENDPOINTS, {})).rejects.toThrow(
      'grant verb "list" on "endpoints" in the whole cluster',
    );
  });

  it('lists in pages what it lists in one', async () => {
    const namespace = await freshNamespace();
    const client = administrator({ pageSize: 3 });
    const names = Array.from({ length: 10 }, (_, at) => `e${at}`);
    await Promise.all(names.map((name) => client.create(ENDPOINTS, endpointsNamed(namespace, name))));
    const listed = await client.list(ENDPOINTS, { namespace });
    expect(listed.map(({ metadata }) => metadata.name)).toEqual(names);
    expect(listed[0]).toMatchObject({ apiVersion: 'v1', kind: 'Endpoints' });
  });

  it('lists large objects in pages of fewer, so that none is too long to be parsed in one go', async () => {
    const namespace = await freshNamespace();
    const client = administrator();
    const names = Array.from({ length: 90 }, (_, at) => `e${String(at).padStart(2, '0')}`);
    const annotations = { long: 'x'.repeat(100_000) };
    await Promise.all(
      names.map((name) =>
        client.create(ENDPOINTS, {
          ...endpointsNamed(namespace, name),
          metadata: { name, namespace, annotations },
        }),
      ),
    );
    const pages: (readonly string[])[] = [];
    for await (const { items } of client.pages(ENDPOINTS, { namespace }, AbortSignal.timeout(10_000))) {
      pages.push(items.map(({ metadata }) => metadata.name));
    }
    expect(pages.flat()).toEqual(names);
    const [first, ...others] = pages.map(({ length }) => length);
    expect(first).toBe(64);
    expect(others.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...others)).toBeLessThanOrEqual(10);
  });

  it('knows what the apiserver serves', async () => {
    const client = administrator();
    await expect(client.serves(ENDPOINTS)).resolves.toBe(true);
    await expect(client.serves(LEASES)).resolves.toBe(true);
    await expect(client.serves({ ...ENDPOINTS, plural: 'beginpoints' })).resolves.toBe(false);
    await expect(client.serves(ABSENT)).resolves.toBe(false);
    await expect(client.get(ABSENT, 'x', 'default')).rejects.toThrow('is its CRD installed?');
    await expect(client.get(NAMESPACES, 'absent')).resolves.toBeUndefined();
  });
});

describe('a cache of a real apiserver', () => {
  it('holds what is there, follows what changes, and forgets what is gone', async () => {
    const client = administrator();
    const namespace = await freshNamespace();
    const first = await client.create(ENDPOINTS, endpointsNamed(namespace, 'first'));
    const cache = watched(ENDPOINTS, { namespaces: [namespace] });
    const changes = recordChanges(cache);
    cache.start();
    await cache.untilSynced(AbortSignal.timeout(10_000));
    expect(cache.get(`${namespace}/first`)).toEqual(first);
    const second = await client.create(ENDPOINTS, endpointsNamed(namespace, 'second'));
    await client.update(ENDPOINTS, { ...second, subsets: [] });
    await client.delete(ENDPOINTS, first.metadata);
    await eventually(() => expect(changes).toEqual(['+first', '+second', '~second', '-first']));
    expect(Array.from(cache.list(), ({ metadata }) => metadata.name)).toEqual(['second']);
  });

  it('follows several namespaces as one, and no other', async () => {
    const client = administrator();
    const names = await Promise.all([freshNamespace(), freshNamespace(), freshNamespace()]);
    const [one = '', two = '', other = ''] = names;
    await client.create(ENDPOINTS, endpointsNamed(one, 'web'));
    const cache = watched(ENDPOINTS, { namespaces: [one, two, one] });
    cache.start();
    await cache.untilSynced(AbortSignal.timeout(10_000));
    await client.create(ENDPOINTS, endpointsNamed(other, 'web'));
    await client.create(ENDPOINTS, endpointsNamed(two, 'web'));
    await eventually(() => expect(cache.get(`${two}/web`)).toBeDefined());
    expect(cache.get(`${one}/web`)).toBeDefined();
    expect(cache.get(`${other}/web`)).toBeUndefined();
  });

  it('drops an object that loses the label selected for', async () => {
    const client = administrator();
    const namespace = await freshNamespace();
    const labelled = endpointsNamed(namespace, 'web');
    const created = await client.create(ENDPOINTS, {
      ...labelled,
      metadata: { ...labelled.metadata, labels: { ours: 'yes' } },
    });
    const cache = watched(ENDPOINTS, { namespaces: [namespace], labelSelector: 'ours=yes' });
    const changes = recordChanges(cache);
    cache.start();
    await cache.untilSynced(AbortSignal.timeout(10_000));
    await client.mergePatch(ENDPOINTS, created.metadata, { metadata: { labels: { ours: null } } });
    await eventually(() => expect(changes).toEqual(['+web', '-web']));
  });

  it('keeps only what its transform keeps, for finding by an index too', async () => {
    const client = administrator();
    const namespace = await freshNamespace();
    await client.create(ENDPOINTS, endpointsNamed(namespace, 'web', '10.1.2.3'));
    const { client: source, deps } = kubeRig({ kubeconfig: servers().credentials.kubeconfigPath });
    const cache = createCache(
      source,
      ENDPOINTS,
      {
        namespaces: [namespace],
        transform: ({ apiVersion, kind, metadata: { name, uid, resourceVersion }, subsets = [] }) => ({
          apiVersion,
          kind,
          metadata: { name, namespace, uid: uid ?? '', resourceVersion: resourceVersion ?? '' },
          addresses: subsets.flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip)),
        }),
      },
      deps,
    );
    onTestFinished(() => cache.close());
    const byAddress = cache.index(({ addresses }) => addresses);
    cache.start();
    await cache.untilSynced(AbortSignal.timeout(10_000));
    const [found] = byAddress.get('10.1.2.3');
    expect(found).toEqual(cache.get(`${namespace}/web`));
    expect(Object.keys(found ?? {})).toEqual(['apiVersion', 'kind', 'metadata', 'addresses']);
    expect([...byAddress.get('10.9.9.9')]).toEqual([]);
  });

  it('waits for a resource that is not served, says so, and can be given up', async () => {
    const cache = watched(ABSENT, {});
    cache.start();
    await eventually(() => expect(cache.problem?.message).toContain('is its CRD installed?'));
    expect(cache.synced).toBe(false);
    await expect(cache.untilSynced(AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    const waiting = cache.untilSynced();
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'KUBE_CLOSED' }), cache.close()]);
  });
});
