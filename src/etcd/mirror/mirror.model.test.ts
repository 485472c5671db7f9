import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import type { EtcdClient } from '../client/client.ts';
import type { RangeRequest, RangeResponse, WatchRequest, WatchResponse } from '../client/etcd3.ts';
import type { StreamHandler } from '../client/stream.ts';
import { etcdError } from '../errors.ts';
import { keyOf, keyOfBytes, prefixRange } from '../key.ts';
import type { Log } from '../log.ts';
import type { Change, Key, RangeListener } from '../types.ts';
import { Mirror } from './mirror.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

interface Version {
  readonly key: string;
  /** None for a deletion. */
  readonly value: string | undefined;
  readonly revision: number;
  /** Another one for each write: of two versions with the same revisions, before a restore and after it, only this or the value can tell. */
  readonly lease: string;
}

interface Watcher {
  readonly id: string;
  readonly prefix: string;
  next: number;
}

/** A watch stream of the model: it tells nothing by itself, only when the test lets it. */
class ModelStream {
  readonly watchers = new Map<string, Watcher>();
  readonly #etcd: ModelEtcd;
  readonly handler: StreamHandler<WatchResponse>;
  readonly #owed: WatchResponse[] = [];
  open = true;

  constructor(etcd: ModelEtcd, handler: StreamHandler<WatchResponse>) {
    this.#etcd = etcd;
    this.handler = handler;
  }

  request(request: WatchRequest): void {
    if (request.create_request !== undefined) {
      const { watch_id: wireId = '', key = Buffer.of(), start_revision: start = 0 } = request.create_request;
      const id = String(wireId);
      this.watchers.set(id, { id, prefix: key.toString(), next: Number(start) });
      this.#owed.push(this.#etcd.message({ watch_id: id, created: true }));
    } else if (request.cancel_request !== undefined) {
      this.watchers.delete(String(request.cancel_request.watch_id));
    }
  }

  /** Answers what is owed, and up to `most` revisions to each watcher. */
  flow(most: number): void {
    for (const message of this.#owed.splice(0)) {
      this.#tell(message);
    }
    for (const watcher of [...this.watchers.values()]) {
      this.#flowTo(watcher, most);
    }
  }

  fail(): void {
    this.open = false;
    this.handler.ended(etcdError({ code: status.UNAVAILABLE, details: 'cut' }, 'model', 'Watch.Watch'));
  }

  #flowTo(watcher: Watcher, most: number): void {
    if (watcher.next <= this.#etcd.compacted) {
      this.watchers.delete(watcher.id);
      this.#tell(
        this.#etcd.message({
          watch_id: watcher.id,
          canceled: true,
          compact_revision: String(this.#etcd.compacted + 1),
        }),
      );
      return;
    }
    const events = this.#etcd.history.filter(
      ({ key, revision }) => revision >= watcher.next && key.startsWith(watcher.prefix),
    );
    const last = [...new Set(events.map(({ revision }) => revision))].slice(0, most).at(-1);
    const told = events.filter(({ revision }) => revision <= (last ?? 0));
    if (told.length > 0) {
      watcher.next = (last ?? 0) + 1;
      this.#tell(this.#etcd.message({ watch_id: watcher.id, events: told.map(eventOf) }));
    }
  }

  #tell(message: WatchResponse): void {
    if (this.open) {
      this.handler.message(message);
    }
  }
}

/** etcd's store and watches in memory, as far as the mirror can tell; it stands in for the client. */
class ModelEtcd {
  history: Version[] = [];
  revision = 1;
  compacted = 0;
  #leases = 0;
  /** While away, nothing is answered and no stream opens. */
  away = false;
  readonly streams: ModelStream[] = [];
  readonly members = ['model'];

  readonly client = {
    members: this.members,
    // A turn on the way there and one on the way back: history goes on between the pages of a list.
    read: async (_rpc: unknown, request: RangeRequest) => {
      await turns(1);
      const response = this.#range(request);
      await turns(1);
      return response;
    },
    openStream: async (_rpc: unknown, handler: StreamHandler<WatchResponse>) => {
      await turns(1);
      return this.#open(handler);
    },
  } as unknown as EtcdClient;

  write(writes: readonly { readonly key: string; readonly value: string | undefined }[]): void {
    const content = this.content();
    const effective = writes.filter(({ key, value }) => value !== undefined || content.has(key));
    if (effective.length > 0) {
      this.revision += 1;
      for (const { key, value } of effective) {
        this.#leases += 1;
        this.history.push({ key, value, revision: this.revision, lease: String(this.#leases) });
      }
    }
  }

  compact(): void {
    this.compacted = this.revision - 1;
  }

  /** Goes back to an earlier state, and on from there by `ahead` revisions of nothing. */
  restore(back: number, ahead: number): void {
    const to = Math.max(1, this.revision - back);
    this.history = this.history.filter(({ revision }) => revision <= to);
    this.revision = to + ahead;
    this.compacted = Math.min(this.compacted, to - 1);
    this.cut();
  }

  cut(): void {
    for (const stream of this.streams.splice(0)) {
      stream.fail();
    }
  }

  flow(most: number): void {
    for (const stream of this.streams) {
      stream.flow(most);
    }
  }

  content(at = this.revision): Map<string, Version> {
    const content = new Map<string, Version>();
    for (const version of this.history) {
      if (version.revision <= at) {
        version.value === undefined ? content.delete(version.key) : content.set(version.key, version);
      }
    }
    return content;
  }

  message(fields: Partial<WatchResponse>): WatchResponse {
    return {
      header: this.header(),
      watch_id: '',
      created: false,
      canceled: false,
      compact_revision: '0',
      cancel_reason: '',
      fragment: false,
      events: [],
      ...fields,
    };
  }

  header() {
    return { cluster_id: '7', member_id: '1', revision: String(this.revision), raft_term: '2' };
  }

  #range(request: RangeRequest): RangeResponse {
    this.#assertHere();
    const at = Number(request.revision) || this.revision;
    if (at <= this.compacted) {
      throw etcdError({ details: 'required revision has been compacted' }, 'model', 'KV.Range');
    }
    const [start, end] = [request.key ?? Buffer.of(), request.range_end ?? Buffer.of()].map(keyOfBytes);
    const found = [...this.content(at).values()]
      .filter(({ key }) => (end === '' ? key === start : key >= (start ?? '') && key < (end ?? '')))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    // Pages of two keys, so that every list of any size has several.
    const kvs = found.slice(0, 2).map((version) => keyValueOf(version));
    return { header: this.header(), kvs, more: found.length > 2, count: String(found.length) };
  }

  #open(handler: StreamHandler<WatchResponse>) {
    this.#assertHere();
    const stream = new ModelStream(this, handler);
    this.streams.push(stream);
    return {
      member: 'model',
      send: (request: WatchRequest) => stream.request(request),
      cancel: () => {
        stream.open = false;
        this.streams.splice(this.streams.indexOf(stream) >>> 0, 1);
      },
      tokenReplaced: () => false,
      tokenRefused: () => {},
    };
  }

  #assertHere(): void {
    if (this.away) {
      throw etcdError({ code: status.UNAVAILABLE, details: 'away' }, 'model', 'any');
    }
  }
}

function keyValueOf({ key, value = '', revision, lease }: Version) {
  return {
    key: Buffer.from(key),
    value: Buffer.from(value),
    create_revision: String(revision),
    mod_revision: String(revision),
    version: '1',
    lease,
  };
}

function eventOf(version: Version) {
  const kv = keyValueOf(version);
  return { type: version.value === undefined ? ('Delete' as const) : ('Put' as const), kv, prev_kv: kv };
}

/** Keeps what it is told, and notices what may not be told. */
class Follower implements RangeListener {
  readonly content = new Map<Key, string>();
  readonly faults: string[] = [];
  syncs = 0;
  failureChanges = 0;

  changed(changes: readonly Change[]): void {
    for (const { key, registration, revision } of changes) {
      if (registration === undefined && !this.content.delete(key)) {
        this.faults.push(`deleted ${key} at ${revision}, which was not there`);
      }
      if (registration !== undefined) {
        const version = `${registration.value}@${registration.modRevision}/${registration.lease}`;
        if (this.content.get(key) === version) {
          this.faults.push(`told ${key} ${version} twice`);
        }
        this.content.set(key, version);
      }
    }
  }

  synced(): void {
    this.syncs += 1;
  }

  failureChanged(): void {
    this.failureChanges += 1;
  }
}

const prefixes = ['a/', 'b/'];

const write = fc.array(
  fc.record({
    key: fc.constantFrom('a/1', 'a/2', 'a/3', 'b/1', 'c/1'),
    value: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 3 },
);

interface Step {
  readonly name: 'write' | 'flow' | 'wait' | 'cut' | 'compact' | 'restore' | 'away';
  run(etcd: ModelEtcd, clock: FakeClock): void | Promise<void>;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: write.map((writes): Step => ({ name: 'write', run: (etcd) => etcd.write(distinct(writes)) })),
  },
  {
    weight: 6,
    arbitrary: fc
      .integer({ min: 1, max: 3 })
      .map((most): Step => ({ name: 'flow', run: (etcd) => etcd.flow(most) })),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(10, 100, 1_000, 6_000).map(
      (ms): Step => ({
        name: 'wait',
        run: async (etcd, clock) => {
          // In small parts: no event is under way for seconds.
          for (let waited = 0; waited < ms; waited += 500) {
            etcd.flow(100);
            clock.advance(Math.min(500, ms));
            await turns(4);
          }
        },
      }),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Step>({ name: 'cut', run: (etcd) => etcd.cut() }) },
  { weight: 2, arbitrary: fc.constant<Step>({ name: 'compact', run: (etcd) => etcd.compact() }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 8 }))
      .map(([back, ahead]): Step => ({ name: 'restore', run: (etcd) => etcd.restore(back, ahead) })),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (away): Step => ({
        name: 'away',
        run: (etcd) => {
          etcd.away = away;
          etcd.cut();
        },
      }),
    ),
  },
);

/** A transaction writes a key once. */
function distinct<T extends { readonly key: string }>(writes: readonly T[]): readonly T[] {
  return [...new Map(writes.map((each) => [each.key, each])).values()];
}

function contentOf(etcd: ModelEtcd, prefix: string): Map<string, string> {
  const entries = [...etcd.content()].filter(([key]) => key.startsWith(prefix));
  return new Map(entries.map(([key, { value, revision, lease }]) => [key, `${value}@${revision}/${lease}`]));
}

describe('the mirror, against a model of etcd', () => {
  it('equals etcd after whatever has happened, and has told nothing twice and nothing untrue', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
        const [etcd, clock] = [new ModelEtcd(), new FakeClock()];
        let drifts = 0;
        const observer = {
          driftFound: () => {
            drifts += 1;
          },
        };
        const mirror = new Mirror(etcd.client, { clock, log: silent, random: () => 0.5, observer });
        const followers = prefixes.map((prefix) => {
          const follower = new Follower();
          return { prefix, follower, range: mirror.follow(prefixRange(keyOf(prefix)), follower) };
        });
        for (const each of steps) {
          await each.run(etcd, clock);
          await turns(1);
        }
        etcd.away = false;
        for (let round = 0; round < 20; round += 1) {
          etcd.flow(10);
          clock.advance(2_000);
          await turns(10);
        }
        for (const { prefix, follower, range } of followers) {
          expect(follower.faults).toEqual([]);
          expect(follower.syncs).toBe(1);
          expect(follower.content).toEqual(contentOf(etcd, prefix));
          expect(new Set(range.registrations.keys())).toEqual(new Set(follower.content.keys()));
          expect(range.failure).toBeUndefined();
          expect(follower.failureChanges % 2, 'each failure ends').toBe(0);
        }
        expect(mirror.connection.connected).toBe(true);
        if (!steps.some(({ name }) => name === 'restore')) {
          expect(drifts, 'watches alone keep the mirror exact').toBe(0);
        }
        await mirror.close();
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});
