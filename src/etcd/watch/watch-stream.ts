import type { Cancel, Clock } from '../../clock.ts';
import { hasCode, RetryableError } from '../../errors.ts';
import type { MemberStream, ReadingClient, StreamOptions } from '../client/client.ts';
import type { WatchRequest } from '../client/etcd3.ts';
import { watchRpc } from '../client/rpc.ts';
import { noWatchId, type WatchAnswer } from '../client/watch-answer.ts';
import { wireRange } from '../client/wire-range.ts';
import { type EtcdError, etcdError } from '../errors.ts';
import type { Change, KeyRange } from '../types.ts';
import { advance, type LossReason, type Position, type Step } from './resume.ts';

/** What a stream needs of a watch, and what it tells it. */
export interface StreamWatch {
  readonly range: KeyRange;
  /** Where it stands; the stream moves it. */
  position: Position;
  /** Whether it is only there to be answered, be it by a refusal. */
  readonly isProbe: boolean;
  created(behind: boolean): void;
  /** Whole revisions, in order; empty where the position alone has moved. */
  advanced(changes: readonly Change[]): void;
  /** The stream has dropped it: only a new list can go on. */
  lost(reason: LossReason): void;
  /** The stream has dropped it: etcd does not take it up. */
  refused(error: EtcdError): void;
}

/** How long a member may be silent while it owes the answer to a create. */
const answerTimeoutMs = 5_000;

/**
 * One gRPC stream that carries many watches. Ids are ours and count from 0 in the order of the creates: just as etcd would number them itself,
 * and as its gRPC proxy does whatever id is asked for. So all creates leave at once, and no answer is waited for.
 */
export class WatchStream {
  /** `host:port` of the member at the other end. */
  readonly member: string;
  /** Resolves when the stream is over, with the reason; never rejects. */
  readonly ended: Promise<EtcdError>;
  readonly #stream: MemberStream<WatchRequest>;
  readonly #clock: Clock;
  readonly #watches = new Map<number, StreamWatch>();
  readonly #ids = new Map<StreamWatch, number>();
  /** Ids whose create has not been answered yet, oldest first: etcd answers in the order of the creates. */
  readonly #unanswered = new Set<number>();
  readonly #end: (error: EtcdError) => void;
  #nextId = 0;
  #lastLife = 0;
  #stopTimer: Cancel | undefined;

  private constructor(
    stream: MemberStream<WatchRequest>,
    clock: Clock,
    ended: PromiseWithResolvers<EtcdError>,
  ) {
    this.#stream = stream;
    this.#clock = clock;
    this.member = stream.member;
    this.ended = ended.promise;
    this.#end = ended.resolve;
    void ended.promise.then(() => this.#stopWaiting());
  }

  /** Opens a stream; `onLife` is called for each of its messages, before anything that it leads to. */
  static async open(
    client: ReadingClient,
    clock: Clock,
    options: StreamOptions & { readonly onLife: () => void },
  ): Promise<WatchStream> {
    const ended = Promise.withResolvers<EtcdError>();
    const handler = {
      message: (answer: WatchAnswer) => {
        options.onLife();
        self.#receive(answer);
      },
      ended: ended.resolve,
    };
    const stream = await client.openStream(watchRpc, handler, options);
    // No message comes before the first request has been sent.
    const self = new WatchStream(stream, clock, ended);
    return self;
  }

  /** Sends the create request of a watch, from its position on. */
  add(watch: StreamWatch): void {
    const id = this.#nextId++;
    this.#watches.set(id, watch);
    this.#ids.set(watch, id);
    this.#unanswered.add(id);
    watch.position = { ...watch.position, fragments: [] };
    this.#stream.send({
      create_request: {
        ...wireRange(watch.range),
        start_revision: watch.position.next,
        progress_notify: true,
        watch_id: id,
      },
    });
    this.#expectLife();
  }

  /** Ends a watch; nothing is told to it afterwards. */
  remove(watch: StreamWatch): void {
    const id = this.#ids.get(watch);
    if (id !== undefined) {
      this.#forget(id, watch);
      this.#cancelWatch(id);
    }
  }

  /** Ends the stream at once, for that reason; nothing is told to its watches afterwards. */
  close(reason: EtcdError): void {
    this.#stream.cancel();
    this.#stopWaiting();
    this.#end(reason);
  }

  #stopWaiting(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #receive(answer: WatchAnswer): void {
    this.#lastLife = this.#clock.monotonic();
    const id = answer.created ? this.#answered(answer.watchId) : answer.watchId;
    const watch = id === undefined ? undefined : this.#watches.get(id);
    if (watch === undefined || id === undefined) {
      this.#receiveUnknown(answer);
      return;
    }
    this.#take(advance(watch.position, answer), id, watch);
  }

  /** The create that is answered: a refusal carries no id, and is for the oldest. */
  #answered(id: number): number | undefined {
    const answered = id === noWatchId ? this.#unanswered.values().next().value : id;
    if (answered !== undefined) {
      this.#unanswered.delete(answered);
    }
    return answered;
  }

  /** A watch that we have ended, or never began, must not go on sending; progress of all watches is a sign of life and no more. */
  #receiveUnknown({ watchId, canceled, fragment }: WatchAnswer): void {
    if (watchId !== noWatchId && !canceled && !fragment) {
      this.#cancelWatch(watchId);
    }
  }

  #take(step: Step, id: number, watch: StreamWatch): void {
    switch (step.kind) {
      case 'created':
        watch.created(step.behind);
        break;
      case 'changed':
        watch.position = step.position;
        watch.advanced(step.changes);
        break;
      case 'partial':
        watch.position = step.position;
        break;
      case 'lost':
        this.#forget(id, watch);
        // etcd keeps the id of a compacted watch taken until it is cancelled.
        this.#cancelWatch(id);
        watch.lost(step.reason);
        break;
      case 'refused':
        this.#refused(etcdError({ details: step.reason }, this.member, 'Watch.Watch'), id, watch);
        break;
    }
  }

  /**
   * A stream presents one token for its whole life. Watches that etcd has taken up outlive it; where it is what etcd minds about a new one, the
   * stream must be opened again. etcd 3.4 says "permission denied" for that too.
   */
  #refused(error: EtcdError, id: number, watch: StreamWatch): void {
    if (watch.isProbe) {
      this.#forget(id, watch);
    } else if (hasCode(error, 'ETCD_TOKEN_REFUSED')) {
      this.#stream.tokenRefused();
      this.close(error);
    } else if (this.#stream.tokenReplaced()) {
      this.close(error);
    } else {
      this.#forget(id, watch);
      watch.refused(error);
    }
  }

  #forget(id: number, watch: StreamWatch): void {
    this.#watches.delete(id);
    this.#ids.delete(watch);
  }

  #cancelWatch(id: number): void {
    this.#stream.send({ cancel_request: { watch_id: id } });
  }

  /** While answers are owed, some message must come within the time; afterwards the channel's keepalive watches over the member. */
  #expectLife(): void {
    if (this.#stopTimer === undefined) {
      this.#lastLife = this.#clock.monotonic();
      this.#wait(answerTimeoutMs);
    }
  }

  #wait(delayMs: number): void {
    this.#stopTimer = this.#clock.schedule(delayMs, () => {
      this.#stopTimer = undefined;
      const rest = this.#lastLife + answerTimeoutMs - this.#clock.monotonic();
      if (this.#unanswered.size === 0) {
        return;
      }
      if (rest > 0) {
        this.#wait(rest);
      } else {
        this.close(
          new RetryableError('ETCD_TIMEOUT', `etcd ${this.member} does not answer on a watch stream`, {
            subject: this.member,
          }),
        );
      }
    });
  }
}
