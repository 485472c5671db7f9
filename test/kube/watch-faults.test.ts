import { describe, expect, it } from 'vitest';
import { SERVICES } from '../../src/kube/resources.ts';
import { eventually } from '../kit/eventually.ts';
import { cacheRig } from '../kit/kube-rig.ts';
import { measured } from '../kit/measured.ts';
import { expired } from '../kit/scripted-collection.ts';

/** The watch faults of docs/reliability: numbers as in the table of fault scenarios. */
describe('fault 23: a watch that fails in every known way', () => {
  it('lists again after an ERROR event 410 and misses nothing', async () => {
    const { collection, changes, converged } = await cacheRig(SERVICES);
    const [stream] = collection.openWatches;
    stream?.event('ERROR', expired);
    stream?.end();
    collection.put('d');
    collection.delete('a');
    await converged();
    expect(collection.lists).toBe(2);
    expect(new Set(changes)).toEqual(new Set(['+a', '+b', '+c', '+d', '-a']));
    expect(changes).toHaveLength(5);
  });

  it('lists again after a 410 on connect, once, and tells only what differs', async () => {
    const { apiserver, collection, changes, converged } = await cacheRig(SERVICES);
    apiserver.dropConnections();
    collection.put('b');
    collection.delete('c');
    collection.compact();
    await converged();
    measured('lists for a 410', collection.lists - 1, { most: 1 });
    expect(new Set(changes)).toEqual(new Set(['+a', '+b', '+c', '~b', '-c']));
    expect(changes).toHaveLength(5);
  });

  it('lists once more in one piece when the pages of a list have expired, and sweeps what is gone by then', async () => {
    const { apiserver, collection, changes, converged } = await cacheRig(SERVICES, { pageSize: 2 });
    collection.fault = (request, reply) => {
      const isNextPage = request.query.has('continue');
      if (isNextPage) {
        collection.delete('a');
        reply.json(410, expired);
      }
      return isNextPage;
    };
    apiserver.dropConnections();
    collection.put('d');
    collection.compact();
    await converged();
    expect(collection.lists).toBe(3);
    const limits = apiserver.requests
      .filter(({ query }) => !query.has('watch'))
      .map(({ query }) => query.get('limit'));
    expect(limits).toEqual(['2', '2', '2', '2', null]);
    expect(new Set(changes)).toEqual(new Set(['+a', '+b', '+c', '+d', '-a']));
  });

  it('goes on from its revision after an ERROR event 500, without a list', async () => {
    const { collection, converged } = await cacheRig(SERVICES);
    const before = collection.revision;
    collection.openWatches[0]?.event('ERROR', {
      kind: 'Status',
      code: 500,
      message: 'etcdserver: leader changed',
    });
    await eventually(() => expect(collection.watches).toHaveLength(2));
    collection.put('d');
    await converged();
    expect(collection.watches[1]).toBe(before);
    expect(collection.lists).toBe(1);
  });

  it('replaces a watch that is idle, and goes on from the last bookmark', async () => {
    const { collection, converged } = await cacheRig(SERVICES, { watchIdleMs: 1000 });
    collection.skipRevisions(50);
    collection.bookmark();
    await eventually(() => expect(collection.watches).toHaveLength(2));
    expect(collection.watches[1]).toBe(collection.revision);
    collection.put('d');
    await converged();
    expect(collection.lists).toBe(1);
  });

  it('keeps a watch that says nothing but bookmarks', async () => {
    const { collection } = await cacheRig(SERVICES, { watchIdleMs: 2000 });
    const from = performance.now();
    await eventually(() => {
      collection.bookmark();
      expect(performance.now() - from).toBeGreaterThan(4500);
    });
    expect(collection.watches).toHaveLength(1);
  });

  it('takes the event again after a JSON line that ends in the middle', async () => {
    const { collection, converged } = await cacheRig(SERVICES);
    const [stream] = collection.openWatches;
    stream?.raw('{"type":"ADDED","object":{"metadata":{"name":"d","resourceVers');
    stream?.end();
    collection.put('d');
    await converged();
    expect(collection.lists).toBe(1);
  });

  it('takes the event again after a reset in the middle of a line', async () => {
    const { apiserver, collection, converged } = await cacheRig(SERVICES);
    collection.openWatches[0]?.raw('{"type":"MODIFIED","object":{"met');
    apiserver.dropConnections();
    collection.put('d');
    await converged();
    expect(collection.lists).toBe(1);
  });

  it('goes on after bytes that are no event', async () => {
    const { collection, converged } = await cacheRig(SERVICES);
    collection.openWatches[0]?.raw('<html>bad gateway</html>\n');
    collection.put('d');
    await converged();
    expect(collection.lists).toBe(1);
  });

  it('asks again with the same revision while the apiserver says that it is too large', async () => {
    const { apiserver, collection, converged } = await cacheRig(SERVICES);
    let refusals = 0;
    collection.fault = (request, reply) => {
      refusals += 1;
      if (request.query.get('watch') !== 'true' || refusals > 3) {
        return false;
      }
      reply.json(504, {
        kind: 'Status',
        code: 504,
        reason: 'Timeout',
        message: 'Timeout: Too large resource version: 103, current: 101',
        details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
      });
      return true;
    };
    apiserver.dropConnections();
    collection.put('d');
    await converged();
    expect(refusals).toBe(4);
    expect(collection.lists).toBe(1);
  });

  it('lists again when a revision stays too large: the storage has been restored', async () => {
    const { apiserver, collection } = await cacheRig(SERVICES);
    collection.fault = (request, reply) => {
      const refused = request.query.get('watch') === 'true' && collection.lists === 1;
      if (refused) {
        reply.json(504, { code: 504, message: 'Timeout: Too large resource version: 103, current: 7' });
      }
      return refused;
    };
    apiserver.dropConnections();
    await eventually(() => expect(collection.lists).toBe(2));
  });

  it('obeys Retry-After of a watch that is refused', async () => {
    const { apiserver, collection, converged } = await cacheRig(SERVICES);
    const refusedAt: number[] = [];
    collection.fault = (_request, reply) => {
      refusedAt.push(performance.now());
      reply.json(429, { code: 429 }, { 'retry-after': '1' });
      return refusedAt.length === 1;
    };
    apiserver.dropConnections();
    await eventually(() => expect(refusedAt.length).toBeGreaterThan(0));
    collection.fault = undefined;
    collection.put('d');
    await converged();
    expect(performance.now() - (refusedAt[0] ?? 0)).toBeGreaterThanOrEqual(1000);
  });

  it('misses nothing over a hundred cuts at any byte, and never lists for them', async () => {
    const { apiserver, collection, converged } = await cacheRig(SERVICES);
    for (let round = 0; round < 100; round += 1) {
      collection.put(`n${round % 17}`);
      if (round % 3 === 0) {
        collection.delete(`n${(round * 7) % 17}`);
      }
      collection.openWatches[0]?.raw('{"type":"ADDED"'.slice(0, round % 15));
      apiserver.dropConnections();
      if (round % 5 === 0) {
        await eventually(() => expect(collection.openWatches.length).toBeGreaterThan(0));
      }
    }
    await converged();
    measured('lists for 100 cuts', collection.lists - 1, { most: 0 });
  });
});
