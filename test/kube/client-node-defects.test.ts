import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache } from '../../src/kube/cache.ts';
import { ENDPOINTS, type Endpoints, SERVICES } from '../../src/kube/resources.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { eventually } from '../kit/eventually.ts';
import { cacheRig, FAST_BACKOFF, kubeRig, recordChanges, scriptedRig } from '../kit/kube-rig.ts';
import type { SeenRequest } from '../kit/scripted-apiserver.ts';
import { ScriptedCollection } from '../kit/scripted-collection.ts';

const web: Endpoints = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'web', namespace: 'shop', uid: 'uid-web', resourceVersion: '7' },
};

const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

/** Each defect of @kubernetes/client-node 2.0.1 that is known, by its number in docs/adr/0003, does not occur here. */
describe('defects of client-node', () => {
  it('0: a quiet resource has a new watch at once whenever the apiserver ends one', async () => {
    const { collection } = await cacheRig(SERVICES, {
      cache: { backoff: { baseMs: 60_000, maxMs: 60_000, jitter: 0 } },
    });
    for (let ended = 1; ended <= 3; ended += 1) {
      const from = performance.now();
      await eventually(() => expect(performance.now() - from).toBeGreaterThan(1050));
      collection.openWatches[0]?.end();
      await eventually(() => expect(collection.watches).toHaveLength(ended + 1));
    }
    expect(collection.lists).toBe(1);
  });

  it('1: hundreds of calls share a bounded number of connections', async () => {
    const { apiserver, client } = await scriptedRig({ maxConnections: 8 });
    apiserver.serve((_request, reply) => reply.json(200, web));
    for (let call = 0; call < 100; call += 1) {
      await client.update(ENDPOINTS, web);
    }
    expect(apiserver.connections).toBeLessThanOrEqual(2);
    await Promise.all(Array.from({ length: 1000 }, () => client.update(ENDPOINTS, web)));
    expect(apiserver.connections).toBeLessThanOrEqual(8);
    expect(apiserver.requests).toHaveLength(1100);
  });

  it('1: watches take no connection from calls', async () => {
    const { apiserver, client, deps } = await scriptedRig({ maxConnections: 1 });
    const collection = new ScriptedCollection(SERVICES);
    apiserver.serve((request, reply) =>
      request.method === 'GET' ? collection.script(request, reply) : reply.json(200, web),
    );
    const caches = Array.from({ length: 5 }, () => createCache(client, SERVICES, {}, deps));
    for (const cache of caches) {
      onTestFinished(() => cache.close());
      cache.start();
    }
    await eventually(() => expect(collection.openWatches).toHaveLength(5));
    await expect(client.update(ENDPOINTS, web)).resolves.toMatchObject(web);
    expect(apiserver.connections).toBe(6);
  });

  it('2: a watch outlives the deadline that every call has', async () => {
    const { collection, converged } = await cacheRig(SERVICES, { callTimeoutMs: 200, listTimeoutMs: 200 });
    const from = performance.now();
    await eventually(() => expect(performance.now() - from).toBeGreaterThan(800));
    collection.put('d');
    await converged();
    expect(collection.watches).toHaveLength(1);
  });

  it('3: a cache begins by itself once lists and watches work again', async () => {
    const { apiserver, client, deps } = await scriptedRig();
    const collection = new ScriptedCollection(SERVICES);
    collection.put('a');
    let failing = 8;
    collection.fault = (_request, reply) => {
      failing -= 1;
      if (failing % 2 === 0) {
        reply.reset();
      } else {
        reply.json(500, { code: 500 });
      }
      return failing > 0;
    };
    apiserver.serve(collection.script);
    const cache = createCache(client, SERVICES, { backoff: FAST_BACKOFF }, deps);
    onTestFinished(() => cache.close());
    cache.start();
    await eventually(() => expect(cache.problem).toMatchObject({ code: 'KUBE_UNAVAILABLE' }));
    await eventually(() => expect(failing).toBe(0));
    collection.fault = undefined;
    await cache.untilSynced(AbortSignal.timeout(10_000));
    await eventually(() => expect(cache.problem).toBeUndefined());
    expect(cache.get('shop/a')).toBeDefined();
  });

  it('4: watches ask for bookmarks and for an end between 5 and 10 minutes', async () => {
    const { apiserver } = await cacheRig(SERVICES);
    const watch = apiserver.requests.find(({ query }) => query.get('watch') === 'true');
    expect(watch?.query.get('allowWatchBookmarks')).toBe('true');
    expect(Number(watch?.query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
    expect(Number(watch?.query.get('timeoutSeconds'))).toBeLessThanOrEqual(600);
  });

  it('5: a list comes in pages, and the cache is synced after the last one', async () => {
    const { apiserver, client, deps } = await scriptedRig({ pageSize: 10 });
    const collection = new ScriptedCollection(SERVICES);
    for (let service = 0; service < 35; service += 1) {
      collection.put(`s${service}`);
    }
    const cache = createCache(client, SERVICES, {}, deps);
    onTestFinished(() => cache.close());
    const syncedAtChange: boolean[] = [];
    cache.onChange(() => syncedAtChange.push(cache.synced));
    apiserver.serve(collection.script);
    cache.start();
    await cache.untilSynced(AbortSignal.timeout(10_000));
    expect(syncedAtChange).toEqual(Array.from({ length: 35 }, () => false));
    const lists = apiserver.requests.filter(({ query }) => query.get('watch') === null);
    expect(lists.map(({ query }) => query.get('limit'))).toEqual(['10', '10', '10', '10']);
  });

  it('6: nothing is told after close, also when it comes while a watch connects', async () => {
    const { apiserver, client, deps } = await scriptedRig();
    const collection = new ScriptedCollection(SERVICES);
    collection.put('a');
    apiserver.serve(collection.script);
    const cache = createCache(client, SERVICES, {}, deps);
    const changes = recordChanges(cache);
    const connecting = Promise.withResolvers<() => void>();
    collection.fault = (request, reply) => {
      const isWatch = request.query.get('watch') === 'true';
      if (isWatch) {
        connecting.resolve(() =>
          reply.stream().event('ADDED', { metadata: { name: 'late', resourceVersion: '999' } }),
        );
      }
      return isWatch;
    };
    cache.start();
    const answerNow = await connecting.promise;
    const closed = cache.close();
    answerNow();
    await closed;
    await eventually(() => expect(apiserver.openConnections).toBe(1));
    expect(changes).toEqual(['+a']);
  });

  it('6: a listener that closes the cache hears nothing more, neither of the list nor of the watch', async () => {
    const { apiserver, client, deps } = await scriptedRig();
    const collection = new ScriptedCollection(SERVICES);
    for (const name of ['a', 'b', 'c']) {
      collection.put(name);
    }
    apiserver.serve(collection.script);
    const cache = createCache(client, SERVICES, {}, deps);
    const changes = recordChanges(cache);
    const closed = Promise.withResolvers<void>();
    cache.onChange(() => closed.resolve(cache.close()));
    cache.start();
    await closed.promise;
    expect(changes).toEqual(['+a']);
    expect(cache.synced).toBe(false);
  });

  it('7: a listener that throws disturbs neither the others nor the watch', async () => {
    const { cache, collection, changes, logLines } = await cacheRig(SERVICES);
    cache.onChange(() => {
      throw new Error('not today');
    });
    const after = recordChanges(cache);
    collection.put('d');
    collection.delete('d');
    await eventually(() => expect(changes.slice(3)).toEqual(['+d', '-d']));
    expect(after).toEqual(['+d', '-d']);
    expect(logLines.join()).toContain('not today');
    collection.openWatches[0]?.end();
    await eventually(() => expect(collection.watches).toEqual([103, collection.revision]));
  });

  it('8: each patch says of which type it is, and who writes', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve((_request, reply) => reply.json(200, web));
    await client.apply(ENDPOINTS, web, { force: true });
    await client.mergePatch(ENDPOINTS, web.metadata, { metadata: { labels: { a: 'b' } } });
    const told = ({ headers, path, query }: SeenRequest) => [path, headers['content-type'], query.toString()];
    expect(apiserver.requests.map(told)).toEqual([
      [
        '/api/v1/namespaces/shop/endpoints/web',
        'application/apply-patch+yaml',
        'fieldManager=etcd-endpoints.io&force=true',
      ],
      [
        '/api/v1/namespaces/shop/endpoints/web',
        'application/merge-patch+json',
        'fieldManager=etcd-endpoints.io',
      ],
    ]);
  });

  it('9: a token file that ends in a newline gives a good header', async () => {
    const { apiserver, client } = await scriptedRig();
    apiserver.serve((_request, reply) => reply.json(200, web));
    await client.update(ENDPOINTS, web);
    expect(apiserver.requests[0]?.headers.authorization).toBe('Bearer first-token');
    expect(apiserver.requests[0]?.headers['user-agent']).toBe('etcd-endpoints/test (replica-1)');
  });

  it('10: fields that nobody here knows come back as they were, times as text', async () => {
    const { apiserver, client } = await scriptedRig();
    const stored = {
      ...web,
      metadata: { ...web.metadata, creationTimestamp: '2026-01-01T00:00:00Z', novelty: { a: 1 } },
      fromTheFuture: true,
    };
    apiserver.serve((request, reply) =>
      request.path.endsWith('/web')
        ? reply.json(200, stored)
        : reply.json(200, { metadata: { resourceVersion: '9' }, items: [stored] }),
    );
    const read = await client.get(ENDPOINTS, 'web', 'shop');
    expect(read).toEqual(stored);
    await client.update(ENDPOINTS, read ?? web);
    expect(apiserver.requests[1]?.body).toEqual(stored);
    await expect(client.list(ENDPOINTS, {})).resolves.toEqual([stored]);
  });

  it('11: microseconds stay', async () => {
    const { apiserver, client } = await scriptedRig();
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'l', namespace: 'shop', resourceVersion: '1' },
      spec: { renewTime: '2026-01-01T00:00:00.123456Z' },
    };
    apiserver.serve((request, reply) => reply.json(200, request.body ?? lease));
    const read = await client.get<KubeObject>(LEASES, 'l', 'shop');
    await expect(client.update<KubeObject>(LEASES, read ?? lease)).resolves.toEqual(lease);
  });

  it('12: an http server needs no flag that weakens TLS, and gets no credential', async () => {
    const { apiserver } = await scriptedRig();
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end(JSON.stringify(web));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const kubeconfig = await apiserver.writeKubeconfig('plain', apiserver.kubeconfigOf(url));
    const { client } = kubeRig({ kubeconfig });
    await expect(client.get(ENDPOINTS, 'web', 'shop')).resolves.toMatchObject(web);
    expect(seen).toEqual([undefined]);
  });

  it('12: every connection is gone after close', async () => {
    const { apiserver, client, cache } = await cacheRig(SERVICES);
    await client.serves(SERVICES);
    expect(apiserver.openConnections).toBe(2);
    await cache.close();
    await client.close();
    await eventually(() => expect(apiserver.openConnections).toBe(0));
  });
});
