import { RetryableError } from '../../errors.ts';
import { Limiter } from '../../limiter.ts';
import { bufferOf } from '../bytes.ts';
import type { ReadingClient } from '../client/client.ts';
import { rangeRpc } from '../client/rpc.ts';
import { closedError, isOutage } from '../errors.ts';
import { keyOf } from '../key.ts';
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
import { JoinedReads } from './joined-reads.ts';
import type { MirrorObserver } from './observer.ts';
import { SharedRanges } from './shared-ranges.ts';

export interface MirrorDeps extends EtcdDeps {
  readonly observer?: MirrorObserver;
  /** Time between comparisons of keys; default 10 minutes. Each period is jittered by a tenth. */
  readonly comparePeriodMs?: number;
}

export interface MirrorStats {
  /** Ranges that are followed. */
  readonly ranges: number;
  /** Those of them that have a list and a watch of their own; the others lie within these. */
  readonly watches: number;
  /** Ranges of which no complete list is known yet. */
  readonly unlisted: number;
  /** Why ranges cannot be followed though etcd answers. */
  readonly refusals: readonly { readonly range: KeyRange; readonly error: Error }[];
  /** Keys that are held; one that several ranges share counts once. */
  readonly keys: number;
  readonly revision: Revision;
}

/** Lists and comparisons at once: thousands of ranges are listed at the start, and after a compaction or a restore. */
const listsAtOnce = 16;

/** How long an answer about a lease is waited for: something that is to be published waits for it. */
const leaseAnswerMs = 2000;

/** The mirror of one etcd cluster: what is followed is copied and kept exact, once however many ranges share it. It uses the client but does not own it. */
export class Mirror implements RegistrySource {
  readonly #client: ReadingClient;
  readonly #ranges: SharedRanges;
  readonly #limiter = new Limiter(listsAtOnce);
  readonly #state: ConnectionState;
  readonly #hub: WatchHub;
  readonly #comparer: Comparer;
  readonly #heartbeat: Heartbeat;
  #closed: boolean = false;
  /** Whether the last beat was answered. */
  #answered: boolean = false;

  constructor(client: ReadingClient, deps: MirrorDeps) {
    const { comparePeriodMs = 600_000, observer } = deps;
    this.#client = client;
    this.#state = new ConnectionState(deps.clock, deps.log);
    this.#hub = new WatchHub(client, deps, {
      onState: (error) => this.#state.stream(error),
      onBreak: () => observer?.reconnected?.(),
    });
    client.onRenewed?.(() => this.#clientRenewed());
    this.#ranges = new SharedRanges({
      ...deps,
      client,
      hub: this.#hub,
      limiter: this.#limiter,
      joined: new JoinedReads(client),
      observer: observer ?? {},
      onDoubt: (doubtful) => this.#comparer.enqueue(doubtful),
      onOutage: () => this.#heartbeat.hurry(),
      onEnd: (ended) => this.#comparer.forget(ended),
    });
    this.#comparer = new Comparer(this.#ranges.mirrors, this.#limiter, comparePeriodMs, deps);
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
    return this.#ranges.follow(range, listener);
  }

  async valueBefore(key: Key, revision: Revision): Promise<Registration | undefined> {
    if (revision <= 1) {
      return undefined;
    }
    const request = { key: bufferOf(key), revision: revision - 1 };
    const { registrations } = await this.#client.read(rangeRpc, request);
    return registrations[0];
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
    const { mirrors, followed } = this.#ranges;
    const stats = { ranges: 0, watches: mirrors.size, unlisted: 0, keys: 0, revision: 0 };
    const refusals: { range: KeyRange; error: Error }[] = [];
    for (const { range, synced, failure } of followed) {
      stats.ranges += 1;
      stats.unlisted += synced ? 0 : 1;
      if (failure !== undefined && !isOutage(failure.error)) {
        refusals.push({ range, error: failure.error });
      }
    }
    for (const { registrations, revision } of mirrors) {
      stats.keys += registrations.size;
      stats.revision = Math.max(stats.revision, revision);
    }
    return { ...stats, refusals };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#state.close();
    await Promise.all([
      this.#ranges.close(),
      this.#comparer.close(),
      this.#heartbeat.close(),
      this.#hub.close(),
    ]);
  }

  /** The client goes on over other connections: the watches follow it, each from its revision on, and what has failed is tried at once. */
  #clientRenewed(): void {
    this.#hub.leaveMember(renewedError());
    this.#heartbeat.hurry();
    this.#ranges.retry(() => true);
  }

  #beat(error: Error | undefined): void {
    const isBack = error === undefined && !this.#answered;
    this.#answered = error === undefined;
    this.#state.read(error);
    // Once for each return: a range whose list fails while small reads succeed keeps its backoff.
    if (isBack) {
      this.#ranges.retry(({ error: failure }) => isOutage(failure));
    }
  }

  /** The start of a range that is watched; without one, the key that etcdctl reads for its health check. */
  #readableKey(): Key {
    const [first] = this.#ranges.mirrors;
    return first?.range.start ?? keyOf('health');
  }
}

function renewedError(): RetryableError {
  return new RetryableError('ETCD_CLIENT_RENEWED', 'the addresses or credentials of etcd have been renewed');
}
