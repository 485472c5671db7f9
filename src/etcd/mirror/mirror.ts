import { RetryableError } from '../../errors.ts';
import { Limiter } from '../../limiter.ts';
import type { ReadingClient } from '../client/client.ts';
import { registrationOf } from '../client/decode.ts';
import { rangeRpc } from '../client/rpc.ts';
import { closedError, isOutage } from '../errors.ts';
import { keyBytes, keyOf } from '../key.ts';
import { leaseTime } from '../lease/lease-calls.ts';
import type { EtcdDeps } from '../options.ts';
import type {
  Connection,
  Key,
  KeyRange,
  LeaseTime,
  MirroredRange,
  RangeListener,
  Registration,
  RegistrySource,
  Revision,
} from '../types.ts';
import { WatchHub } from '../watch/watch.ts';
import { Comparer } from './comparer.ts';
import { ConnectionState } from './connection-state.ts';
import { Heartbeat } from './heartbeat.ts';
import type { MirrorObserver } from './observer.ts';
import { RangeMirror } from './range-mirror.ts';

export interface MirrorDeps extends EtcdDeps {
  readonly observer?: MirrorObserver;
  /** Time between comparisons of keys; default 10 minutes. Each period is jittered by a tenth. */
  readonly comparePeriodMs?: number;
}

export interface MirrorStats {
  readonly ranges: number;
  /** Ranges of which no complete list is known yet. */
  readonly unlisted: number;
  /** Why ranges cannot be followed though etcd answers. */
  readonly refusals: readonly { readonly range: KeyRange; readonly error: Error }[];
  readonly keys: number;
  readonly revision: Revision;
}

/** Lists and comparisons at once: thousands of ranges are listed at the start, and after a compaction or a restore. */
const listsAtOnce = 16;

/** How long an answer about a lease is waited for: something that is to be published waits for it. */
const leaseAnswerMs = 2000;

/** The mirror of one etcd cluster: each followed range is copied and kept exact. It uses the client but does not own it. */
export class Mirror implements RegistrySource {
  readonly #client: ReadingClient;
  readonly #deps: MirrorDeps;
  readonly #ranges = new Map<string, RangeMirror>();
  readonly #limiter = new Limiter(listsAtOnce);
  readonly #state: ConnectionState;
  readonly #hub: WatchHub;
  readonly #comparer: Comparer;
  readonly #heartbeat: Heartbeat;
  /** Ranges released but not yet at rest. */
  readonly #closing = new Set<Promise<void>>();
  #closed: boolean = false;
  /** Whether the last beat was answered. */
  #answered: boolean = false;

  constructor(client: ReadingClient, deps: MirrorDeps) {
    const { comparePeriodMs = 600_000, observer } = deps;
    this.#client = client;
    this.#deps = deps;
    this.#state = new ConnectionState(deps.clock, deps.log);
    this.#hub = new WatchHub(client, deps, {
      onState: (error) => this.#state.stream(error),
      onBreak: () => observer?.reconnected?.(),
    });
    this.#comparer = new Comparer(iterate(this.#ranges), this.#limiter, comparePeriodMs, deps);
    this.#heartbeat = new Heartbeat(
      client,
      this.#hub,
      { key: () => this.#readableKey(), beat: (error) => this.#beat(error) },
      deps,
    );
  }

  follow(range: KeyRange, listener: RangeListener): MirroredRange {
    if (this.#closed) {
      throw closedError();
    }
    const id = rangeId(range);
    let mirrored = this.#ranges.get(id);
    if (mirrored === undefined) {
      mirrored = this.#begin(range, id);
      this.#ranges.set(id, mirrored);
    }
    return mirrored.use(listener);
  }

  async valueBefore(key: Key, revision: Revision): Promise<Registration | undefined> {
    if (revision <= 1) {
      return undefined;
    }
    const { kvs } = await this.#client.read(rangeRpc, { key: keyBytes(key), revision: revision - 1 });
    const [found] = kvs;
    return found === undefined ? undefined : registrationOf(found);
  }

  async leaseTime(lease: string): Promise<LeaseTime | undefined> {
    return await leaseTime(this.#client, lease, AbortSignal.timeout(leaseAnswerMs));
  }

  async leaseLives(lease: string): Promise<boolean> {
    return (await this.leaseTime(lease)) !== undefined;
  }

  get connection(): Connection {
    return this.#state.current;
  }

  onConnection(listener: (connection: Connection) => void): () => void {
    return this.#state.onTransition(listener);
  }

  /** How much is mirrored now, and the newest revision that any range has reached. */
  stats(): MirrorStats {
    let keys = 0;
    let revision = 0;
    let unlisted = 0;
    const refusals: { range: KeyRange; error: Error }[] = [];
    for (const mirrored of this.#ranges.values()) {
      keys += mirrored.registrations.size;
      revision = Math.max(revision, mirrored.revision);
      unlisted += mirrored.synced ? 0 : 1;
      const error = mirrored.failure?.error;
      if (error !== undefined && !isOutage(error)) {
        refusals.push({ range: mirrored.range, error });
      }
    }
    return { ranges: this.#ranges.size, unlisted, refusals, keys, revision };
  }

  /** The client goes on over other connections: the watches follow it, each from its revision on, and what has failed is tried at once. */
  clientRenewed(): void {
    this.#hub.leaveMember(renewedError());
    this.#heartbeat.hurry();
    for (const range of this.#ranges.values()) {
      range.retryNow();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state.close();
    await Promise.all([
      ...Array.from(this.#ranges.values(), (range) => range.close()),
      ...this.#closing,
      this.#comparer.close(),
      this.#heartbeat.close(),
      this.#hub.close(),
    ]);
    this.#ranges.clear();
  }

  #begin(range: KeyRange, id: string): RangeMirror {
    const { observer = {}, ...deps } = this.#deps;
    return new RangeMirror(range, {
      ...deps,
      client: this.#client,
      hub: this.#hub,
      limiter: this.#limiter,
      observer,
      onDoubt: (doubtful) => this.#comparer.enqueue(doubtful),
      onOutage: () => this.#heartbeat.hurry(),
      onUnused: (unused) => this.#end(unused, id),
    });
  }

  #end(range: RangeMirror, id: string): void {
    this.#ranges.delete(id);
    this.#comparer.forget(range);
    const closing = range.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #beat(error: Error | undefined): void {
    const isBack = error === undefined && !this.#answered;
    this.#answered = error === undefined;
    this.#state.read(error);
    // Once for each return: a range whose list fails while small reads succeed keeps its backoff.
    if (isBack) {
      for (const range of this.#ranges.values()) {
        range.retrySoon();
      }
    }
  }

  /** The start of a followed range; without one, the key that etcdctl reads for its health check. */
  #readableKey(): Key {
    const [first] = this.#ranges.values();
    return first?.range.start ?? keyOf('health');
  }
}

function renewedError(): RetryableError {
  return new RetryableError('ETCD_CLIENT_RENEWED', 'the addresses or credentials of etcd have been renewed');
}

/** No key holds a char above 0xff. */
function rangeId({ start, end }: KeyRange): string {
  return `${start}\u0100${end}`;
}

/** The ranges at the time of iterating. */
function iterate(ranges: ReadonlyMap<string, RangeMirror>): Iterable<RangeMirror> {
  return { [Symbol.iterator]: () => ranges.values() };
}
