import { status } from '@grpc/grpc-js';
import { bytesOf } from '../../src/etcd/bytes.ts';
import type { RangeAnswer } from '../../src/etcd/client/answers.ts';
import type { EtcdClient } from '../../src/etcd/client/client.ts';
import type { RangeRequest, TxnRequest, WatchRequest } from '../../src/etcd/client/etcd3.ts';
import { readsRpc } from '../../src/etcd/client/rpc.ts';
import type { StreamHandler } from '../../src/etcd/client/stream.ts';
import { noWatchId, type WatchAnswer } from '../../src/etcd/client/watch-answer.ts';
import { etcdError, releaseError } from '../../src/etcd/errors.ts';
import { keyOf, rangeHolds } from '../../src/etcd/key.ts';
import type { Change, Key, KeyRange, RangeListener, Registration, Unseen } from '../../src/etcd/types.ts';
import { turns } from './fake-clock.ts';
import { keyOfBytes } from './key-of-bytes.ts';

const clusterId = '7';

interface Version {
  readonly key: string;
  /** None for a deletion. */
  readonly value: string | undefined;
  readonly revision: number;
  /** Another one for each write: of two versions with the same revisions, before a restore and after it, only this or the value can tell. */
  readonly lease: string;
}

interface Watcher {
  readonly id: number;
  readonly range: KeyRange;
  next: number;
}

/** A watch stream of the model: it tells nothing by itself, only when the test lets it. */
class ModelStream {
  readonly watchers = new Map<number, Watcher>();
  readonly #etcd: ModelEtcd;
  readonly handler: StreamHandler<WatchAnswer>;
  readonly #owed: WatchAnswer[] = [];
  open = true;

  constructor(etcd: ModelEtcd, handler: StreamHandler<WatchAnswer>) {
    this.#etcd = etcd;
    this.handler = handler;
  }

  request(request: WatchRequest): void {
    if (request.create_request !== undefined) {
      const { watch_id: wireId, start_revision: start = 0 } = request.create_request;
      const id = Number(wireId);
      const range = rangeOf(request.create_request);
      if (this.#etcd.refuses(range)) {
        this.#owed.push(
          this.#etcd.message({ watchId: noWatchId, created: true, canceled: true, cancelReason: denied }),
        );
        return;
      }
      this.watchers.set(id, { id, range, next: Number(start) });
      this.#owed.push(this.#etcd.message({ watchId: id, created: true }));
    } else if (request.cancel_request !== undefined) {
      this.watchers.delete(Number(request.cancel_request.watch_id));
    }
  }

  /** Answers what is owed, and up to `most` revisions to each of these watchers. */
  flow(most: number, isMeant: (range: KeyRange) => boolean): void {
    for (const message of this.#owed.splice(0)) {
      this.#tell(message);
    }
    for (const watcher of [...this.watchers.values()].filter(({ range }) => isMeant(range))) {
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
          watchId: watcher.id,
          canceled: true,
          compactRevision: this.#etcd.compacted + 1,
        }),
      );
      return;
    }
    const events = this.#etcd.history.filter(
      ({ key, revision }) => revision >= watcher.next && rangeHolds(watcher.range, key as Key),
    );
    const last = [...new Set(events.map(({ revision }) => revision))].slice(0, most).at(-1);
    const told = events.filter(({ revision }) => revision <= (last ?? 0));
    if (told.length > 0) {
      watcher.next = (last ?? 0) + 1;
      this.#tell(this.#etcd.message({ watchId: watcher.id, changes: told.map(changeOf) }));
    }
  }

  #tell(message: WatchAnswer): void {
    if (this.open) {
      this.handler.message(message);
    }
  }
}

const denied = 'etcdserver: permission denied';

/** etcd's store and watches in memory, as far as the mirror can tell; it stands in for the client. */
export class ModelEtcd {
  history: Version[] = [];
  revision = 1;
  compacted = 0;
  #leases = 0;
  /** While away, nothing is answered and no stream opens. */
  away = false;
  /** First keys of ranges that may be neither listed nor watched. */
  readonly refused = new Set<string>();
  /** Whether it is of a release that takes transactions of reads. */
  readonly #readsTogether: boolean;
  /** First keys of ranges whose lists are never answered; they are in no transaction. */
  readonly silent = new Set<string>();
  /** Lists with values that were begun, by the first key of their range. */
  readonly lists: string[] = [];
  readonly streams: ModelStream[] = [];
  readonly members = ['model'];

  readonly client = {
    members: this.members,
    // A turn on the way there and one on the way back: history goes on between the pages of a list.
    read: async (
      rpc: unknown,
      request: RangeRequest & TxnRequest,
      { signal }: { signal?: AbortSignal } = {},
    ) => {
      await turns(1);
      const response = rpc === readsRpc ? this.#together(request) : await this.#alone(request, signal);
      await turns(1);
      return response;
    },
    openStream: async (_rpc: unknown, handler: StreamHandler<WatchAnswer>) => {
      await turns(1);
      return this.#open(handler);
    },
  } as unknown as EtcdClient;

  constructor({ readsTogether = true } = {}) {
    this.#readsTogether = readsTogether;
  }

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

  /** Tells up to `most` revisions, to all watchers or only to those of the range that begins there. */
  flow(most: number, only?: string): void {
    for (const stream of this.streams) {
      stream.flow(most, ({ start }) => only === undefined || start === only);
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

  message(fields: Partial<WatchAnswer>): WatchAnswer {
    return {
      isReadable: true,
      clusterId,
      revision: this.revision,
      watchId: noWatchId,
      created: false,
      canceled: false,
      compactRevision: 0,
      cancelReason: '',
      fragment: false,
      changes: [],
      ...fields,
    };
  }

  refuses(range: KeyRange): boolean {
    return this.refused.has(range.start);
  }

  /** First keys of the ranges that are watched; not of the single keys that show whether a stream answers. */
  get watched(): readonly string[] {
    return this.streams
      .flatMap(({ watchers }) => [...watchers.values()])
      .filter(({ range: { start, end } }) => end !== `${start}\0`)
      .map(({ range }) => range.start);
  }

  async #alone(request: RangeRequest, signal: AbortSignal | undefined): Promise<RangeAnswer> {
    if (this.silent.has(rangeOf(request).start)) {
      await untilAborted(signal);
    }
    return this.#range(request);
  }

  #together({ success = [] }: TxnRequest): readonly RangeAnswer[] {
    this.#assertHere();
    const requests = success.map(({ request_range }) => request_range as RangeRequest);
    if (!this.#readsTogether || requests.some((request) => this.silent.has(rangeOf(request).start))) {
      throw releaseError('model', 'KV.Txn');
    }
    return requests.map((request) => this.#range(request));
  }

  #range(request: RangeRequest): RangeAnswer {
    this.#assertHere();
    const range = rangeOf(request);
    if (this.refuses(range)) {
      throw etcdError({ details: denied }, 'model', 'KV.Range');
    }
    const isList = request.range_end !== undefined && request.range_end.length > 0;
    if (isList && request.keys_only !== true && Number(request.revision ?? 0) === 0) {
      this.lists.push(range.start);
    }
    const at = Number(request.revision) || this.revision;
    if (at <= this.compacted) {
      throw etcdError({ details: 'required revision has been compacted' }, 'model', 'KV.Range');
    }
    const found = [...this.content(at).values()]
      .filter(({ key }) => rangeHolds(range, key as Key))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    // Pages of two keys, so that every list of any size has several.
    const registrations = found.slice(0, 2).map(registrationOf);
    const bytes = registrations.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    return { clusterId, revision: this.revision, registrations, more: found.length > 2, bytes };
  }

  #open(handler: StreamHandler<WatchAnswer>) {
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

/** Rejects when the signal aborts. */
function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Without an end, it is that of a single key. */
function rangeOf({ key = Buffer.of(), range_end: end }: Pick<RangeRequest, 'key' | 'range_end'>): KeyRange {
  const start = keyOfBytes(key);
  return { start, end: end === undefined || end.length === 0 ? (`${start}\0` as Key) : keyOfBytes(end) };
}

function registrationOf({ key, value = '', revision, lease }: Version): Registration {
  return {
    key: keyOf(key),
    value: bytesOf(value),
    createRevision: revision,
    modRevision: revision,
    lease,
  };
}

function changeOf(version: Version): Change {
  const registration = registrationOf(version);
  const { key, modRevision: revision } = registration;
  return { key, registration: version.value === undefined ? undefined : registration, revision };
}

/** Keeps what it is told, and notices what may not be told. */
export class Follower implements RangeListener {
  readonly content = new Map<Key, string>();
  readonly faults: string[] = [];
  syncs = 0;
  /** What it knew at each later list, and of which keys it has not been told all. */
  readonly lists: (readonly [ReadonlyMap<Key, string>, Unseen])[] = [];
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

  listed(unseen: Unseen): void {
    this.lists.push([new Map(this.content), unseen]);
  }

  failureChanged(): void {
    this.failureChanges += 1;
  }
}
