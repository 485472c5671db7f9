import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { turns } from '../../../test/kit/fake-clock.ts';
import type { ReadingClient } from '../client/client.ts';
import type { RangeRequest, TxnRequest } from '../client/etcd3.ts';
import { rangeRpc } from '../client/rpc.ts';
import { etcdError, releaseError } from '../errors.ts';
import { JoinedReads, type PageRequest } from './joined-reads.ts';

const header = { clusterId: '7', revision: 5 };

const away = etcdError({ code: status.UNAVAILABLE, details: 'away' }, 'm', 'KV.Txn');

/** A call that waits for its answer: the keys that it asks for, alone or together. */
interface Call {
  readonly keys: readonly string[];
  answer(): void;
  refuse(error: Error): void;
}

/** An etcd that answers when it is told to: each range holds one key, of the name that it begins with and so many bytes of value. */
class WaitingEtcd {
  readonly calls: Call[] = [];
  valueBytes = 10;
  keys = 1;

  readonly client = {
    read: (rpc: unknown, request: RangeRequest & TxnRequest) => {
      const ranges = rpc === rangeRpc ? [request] : (request.success ?? []).map((one) => one.request_range);
      const keys = ranges.map((range) => String(range?.key));
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const answerOf = (key: string) => ({
        ...header,
        registrations: Array(this.keys).fill({ key, value: '.'.repeat(this.valueBytes) }),
        more: false,
        bytes: this.keys * (key.length + this.valueBytes),
      });
      const answer = (): void => {
        const [first = ''] = keys;
        resolve(rpc === rangeRpc ? answerOf(first) : keys.map(answerOf));
      };
      this.calls.push({ keys, answer, refuse: reject });
      return promise;
    },
  } as unknown as ReadingClient;

  get asked(): readonly (readonly string[])[] {
    return this.calls.map(({ keys }) => keys);
  }
}

function rangeAt(key: string, limit = 32): PageRequest {
  return { key: Buffer.from(key), range_end: Buffer.from(`${key}\0`), limit, revision: 0, keys_only: false };
}

/** Reads of an etcd of which one page is known, so that all of them wait but the first two. */
async function waiting(names: readonly string[], { valueBytes = 10, keys = 1 } = {}) {
  const etcd = new WaitingEtcd();
  etcd.valueBytes = valueBytes;
  etcd.keys = keys;
  const reads = new JoinedReads(etcd.client);
  const known = reads.read(rangeAt('known'));
  etcd.calls[0]?.answer();
  await known;
  await turns();
  etcd.calls.length = 0;
  return { etcd, reads, outcomes: await readAll(reads, names) };
}

/** The same, of which those beyond the first two have gone together and were refused so: theirs is the third call. */
async function refused(names: readonly string[], error: Error) {
  const rig = await waiting(names);
  rig.etcd.calls[0]?.answer();
  await turns();
  rig.etcd.calls[2]?.refuse(error);
  await turns();
  return rig;
}

async function readAll(reads: JoinedReads, names: readonly string[]) {
  const outcomes = names.map(async (name) => {
    const { registrations, revision } = await reads.read(rangeAt(name));
    return `${registrations[0]?.key} at ${revision}`;
  });
  for (const outcome of outcomes) {
    outcome.catch(() => undefined);
  }
  await turns();
  return outcomes;
}

describe('pages of ranges', () => {
  it('go out by themselves where nothing is under way', async () => {
    const { etcd, outcomes } = await waiting(['a']);
    expect(etcd.asked).toEqual([['a']]);
    etcd.calls[0]?.answer();
    expect(await outcomes[0]).toBe('a at 5');
  });

  it('go together where they wait, and each gets its own answer, of one revision', async () => {
    const { etcd, outcomes } = await waiting(['a', 'b', 'c', 'd', 'e']);
    expect(etcd.asked, 'two calls at once').toEqual([['a'], ['b']]);
    etcd.calls[0]?.answer();
    await turns();
    expect(etcd.asked.slice(2)).toEqual([['c', 'd', 'e']]);
    for (const call of etcd.calls.slice(1)) {
      call.answer();
    }
    expect(await Promise.all(outcomes)).toEqual(['a at 5', 'b at 5', 'c at 5', 'd at 5', 'e at 5']);
  });

  it('are asked for again, each by itself, where one of them refuses all', async () => {
    const denied = etcdError({ code: status.PERMISSION_DENIED, details: 'permission denied' }, 'm', 'KV.Txn');
    const { etcd, outcomes } = await refused(['a', 'b', 'c', 'secret', 'e'], denied);
    expect(etcd.asked.slice(3)).toEqual([['c'], ['secret'], ['e']]);
    for (const call of etcd.calls.slice(1)) {
      call.keys[0] === 'secret' ? call.refuse(denied) : call.answer();
    }
    expect(await Promise.allSettled(outcomes)).toMatchObject([
      { value: 'a at 5' },
      { value: 'b at 5' },
      { value: 'c at 5' },
      { reason: { code: 'ETCD_PERMISSION_DENIED' } },
      { value: 'e at 5' },
    ]);
  });

  it('are asked for each by itself of a member that is not asked so', async () => {
    const { etcd, outcomes } = await refused(['a', 'b', 'c', 'd'], releaseError('m', 'KV.Txn'));
    expect(etcd.asked.slice(3)).toEqual([['c'], ['d']]);
    for (const call of etcd.calls.slice(1)) {
      call.answer();
    }
    expect(await Promise.all(outcomes)).toEqual(['a at 5', 'b at 5', 'c at 5', 'd at 5']);
  });

  it('all fail where etcd is away, as one of them has found', async () => {
    const { etcd, outcomes } = await refused(['a', 'b', 'c', 'd', 'e'], away);
    expect(etcd.asked.slice(3)).toEqual([['c']]);
    etcd.calls[3]?.refuse(away);
    await turns();
    expect(etcd.asked).toHaveLength(4);
    const unavailable = { reason: { code: 'ETCD_UNAVAILABLE' } };
    expect(await Promise.allSettled(outcomes.slice(2))).toMatchObject([
      unavailable,
      unavailable,
      unavailable,
    ]);
  });

  it('do not fail with one that breaks off', async () => {
    const { etcd, outcomes } = await refused(['a', 'b', 'c', 'broken', 'e'], away);
    etcd.calls[3]?.answer();
    await turns();
    expect(etcd.asked.slice(3)).toEqual([['c'], ['broken'], ['e']]);
    etcd.calls[4]?.refuse(away);
    etcd.calls[5]?.answer();
    expect(await Promise.allSettled(outcomes.slice(2))).toMatchObject([
      { value: 'c at 5' },
      { reason: { code: 'ETCD_UNAVAILABLE' } },
      { value: 'e at 5' },
    ]);
  });

  it('hold back no other where they are asked for again, or too heavy', async () => {
    const { etcd, reads } = await waiting(['a', 'b', 'c', 'slow', 'e']);
    etcd.calls[0]?.answer();
    await turns();
    etcd.calls[2]?.refuse(releaseError('m', 'KV.Txn'));
    void reads.read(rangeAt('heavy'), { keyBytes: 64 * 1024 });
    await turns();
    expect(etcd.asked.slice(3)).toEqual([['heavy'], ['c'], ['slow'], ['e']]);
    await readAll(reads, ['f']);
    expect(etcd.asked.at(-1)).toEqual(['f']);
  });

  it('wait for nothing while it is not known what keys weigh', async () => {
    const etcd = new WaitingEtcd();
    await readAll(new JoinedReads(etcd.client), ['a', 'b', 'c']);
    expect(etcd.asked).toEqual([['a'], ['b'], ['c']]);
  });

  it('wait for nothing where they are too heavy to go with others', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const { etcd } = await waiting(names, { valueBytes: 64 * 1024 });
    expect(etcd.asked).toEqual(names.map((name) => [name]));
  });

  it('go by what keys of their own range weigh, where that is known', async () => {
    const { etcd, reads } = await waiting(['a', 'b', 'c']);
    void reads.read(rangeAt('heavy'), { keyBytes: 64 * 1024 });
    await turns();
    expect(etcd.asked).toEqual([['a'], ['b'], ['heavy']]);
  });

  it('go together as far as one answer brings no more than 2 MiB', async () => {
    // 32 keys of 16 KiB are half a MiB.
    const { etcd } = await waiting(['a', 'b', 'c', 'd', 'e', 'f', 'g'], {
      valueBytes: 16 * 1024 - 'known'.length,
    });
    etcd.calls[0]?.answer();
    await turns();
    expect(etcd.asked.slice(2)).toEqual([['c', 'd', 'e', 'f']]);
  });

  it('go together with those of ranges that are empty', async () => {
    const { etcd } = await waiting(['a', 'b', 'c', 'd'], { keys: 0 });
    etcd.calls[0]?.answer();
    await turns();
    expect(etcd.asked).toEqual([['a'], ['b'], ['c', 'd']]);
  });

  it('that nobody waits for any more are not sent', async () => {
    const { etcd, reads } = await waiting(['a', 'b']);
    const stop = new AbortController();
    const given = reads.read(rangeAt('c'), { signal: stop.signal });
    stop.abort(new Error('over'));
    await expect(given).rejects.toThrow('over');
    etcd.calls[0]?.answer();
    await turns();
    expect(etcd.asked).toEqual([['a'], ['b']]);
  });

  it('are answered each with its own, sixteen together and two calls at once at the most, in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { minLength: 1, maxLength: 80 }),
        fc.infiniteStream(fc.nat()),
        async (numbers, choices) => {
          const names = numbers.map((number, place) => `${place}-${number}`);
          const { etcd, outcomes } = await waiting(names);
          const open = new Set(etcd.calls);
          while (open.size > 0) {
            expect(open.size).toBeLessThanOrEqual(2);
            const [chosen] = [...open].slice((choices.next().value ?? 0) % open.size);
            chosen?.answer();
            open.delete(chosen as Call);
            const before = etcd.calls.length;
            await turns();
            for (const call of etcd.calls.slice(before)) {
              expect(call.keys.length).toBeLessThanOrEqual(16);
              open.add(call);
            }
          }
          expect(await Promise.all(outcomes)).toEqual(names.map((name) => `${name} at 5`));
          expect(etcd.asked.flat().toSorted()).toEqual(names.toSorted());
        },
      ),
      { numRuns: 50 },
    );
  });
});
