import { backoffMs } from '../../backoff.ts';
import { sleep } from '../../clock.ts';
import { hasCode } from '../../errors.ts';
import type { ReadingClient } from '../client/client.ts';
import { closedError, type EtcdError, mayWorkElsewhere } from '../errors.ts';
import type { EtcdDeps } from '../options.ts';
import type { KeyRange } from '../types.ts';
import { HubWatch, type Listed, type Watch, type WatchKeeper, type WatchListener } from './hub-watch.ts';
import { positionAfter } from './resume.ts';
import { type StreamWatch, WatchStream } from './watch-stream.ts';

export type { Listed, Watch, WatchListener } from './hub-watch.ts';
export type { LossReason } from './resume.ts';

/** What the hub tells of its stream. */
export interface HubListener {
  /** The stream answers (undefined), or it cannot be had (why). Told when it changes. */
  onState(error: Error | undefined): void;
  /** The stream broke and is opened again. */
  onBreak(): void;
}

const reopenBackoff = { baseMs: 100, maxMs: 2_000, jitter: 0.5 };
/** A stream that has answered for this long was sound: the next break starts a new count. */
const settledMs = 5_000;

/** Many watches that share one stream. The stream is kept, across members, for as long as the hub is open; each watch resumes where it stood. */
export class WatchHub {
  readonly #client: ReadingClient;
  readonly #deps: EtcdDeps;
  readonly #listener: HubListener;
  readonly #keeper: WatchKeeper;
  readonly #watches = new Set<StreamWatch>();
  readonly #stop = new AbortController();
  #stream: WatchStream | undefined;
  #running: Promise<void> | undefined;
  /** Streams opened or tried since one was sound. */
  #attempt = 0;
  #epoch = 0;
  /** When the stream first answered, on the monotonic clock. */
  #answeredAt: number | undefined;
  #failing: boolean = false;

  constructor(client: ReadingClient, deps: EtcdDeps, listener: HubListener) {
    this.#client = client;
    this.#deps = deps;
    this.#listener = listener;
    this.#keeper = {
      epoch: () => this.#epoch,
      drop: (watch) => {
        this.#watches.delete(watch);
      },
      cancel: (watch) => {
        this.#watches.delete(watch);
        this.#stream?.remove(watch);
      },
    };
  }

  /** Changes with each stream that is opened. Taken before a list, it tells whether the watch after it is on a younger stream. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Watches what comes after a list. */
  watch(range: KeyRange, after: Listed, listener: WatchListener): Watch {
    const watch = new HubWatch(range, after, listener, this.#keeper);
    this.#watches.add(watch);
    this.#stream?.add(watch);
    this.#running ??= this.#run();
    return watch;
  }

  /**
   * Has the member answer on the stream, where one stands; a member that does not is left. `onBehind` is called where it does not know of the
   * revision.
   */
  probe(range: KeyRange, after: Listed, onBehind: () => void): void {
    const stream = this.#stream;
    const probe: StreamWatch = {
      range,
      position: positionAfter(after.revision, after.clusterId),
      isProbe: true,
      created(behind) {
        stream?.remove(probe);
        if (behind) {
          onBehind();
        }
      },
      advanced() {},
      lost() {},
      refused() {},
    };
    stream?.add(probe);
  }

  /** `host:port` of the member that the stream is open to. */
  get member(): string | undefined {
    return this.#stream?.member;
  }

  /** Goes on with another member, where there is one. */
  leaveMember(reason: EtcdError): void {
    this.#stream?.close(reason);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#watches.clear();
    this.#stream?.close(closedError());
    await this.#running;
  }

  /** Keeps a stream open until the hub is closed. */
  async #run(): Promise<void> {
    const { clock, random = Math.random } = this.#deps;
    const { signal } = this.#stop;
    let avoid: string | undefined;
    while (!signal.aborted) {
      avoid = await this.#serve(avoid);
      await sleep(clock, backoffMs(this.#attempt, { ...reopenBackoff, random }), signal);
      this.#attempt += 1;
    }
  }

  /** Serves all watches on one stream until it ends; returns the member that the next one had better avoid. */
  async #serve(avoid: string | undefined): Promise<string | undefined> {
    try {
      const stream = await this.#open(avoid);
      const reason = await stream.ended;
      this.#stream = undefined;
      this.#ended(stream, reason);
      return mayWorkElsewhere(reason) ? stream.member : undefined;
    } catch (error) {
      this.#tell(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  async #open(avoid: string | undefined): Promise<WatchStream> {
    const { signal } = this.#stop;
    const onLife = (): void => this.#alive();
    const stream = await WatchStream.open(this.#client, this.#deps.clock, { avoid, signal, onLife });
    this.#answeredAt = undefined;
    this.#epoch += 1;
    this.#stream = stream;
    for (const watch of this.#watches) {
      stream.add(watch);
    }
    return stream;
  }

  #alive(): void {
    this.#answeredAt ??= this.#deps.clock.monotonic();
    this.#tell(undefined);
  }

  #ended(stream: WatchStream, reason: EtcdError): void {
    if (this.#stop.signal.aborted) {
      return;
    }
    this.#deps.log.info(
      { member: stream.member, problem: reason.message },
      'the watch stream ended and is opened again',
    );
    if (this.#answeredAt === undefined) {
      this.#tell(reason);
    } else if (this.#deps.clock.monotonic() - this.#answeredAt > settledMs) {
      this.#attempt = 0;
    }
    if (hasCode(reason, 'ETCD_MESSAGE_TOO_LARGE')) {
      // Which watch it was for cannot be known, and resuming would bring the same message again.
      for (const watch of [...this.#watches]) {
        watch.lost('message-too-large');
      }
    }
    this.#listener.onBreak();
  }

  #tell(error: Error | undefined): void {
    if (this.#failing !== (error !== undefined)) {
      this.#failing = error !== undefined;
      this.#listener.onState(error);
    }
  }
}
