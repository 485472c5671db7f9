/**
 * Kubernetes Events for what a user must know. core/v1 rather than events.k8s.io/v1: every `kubectl describe` and `kubectl get events`
 * from 1.20 on shows it with its count, and a plain patch raises that count.
 *
 * Repeats within ten minutes raise the count of one Event; client-go's spam filter bounds what one object may cost; one write at a time
 * leaves the connections to the reconciler, and what warns of nothing lets endpoints pass that wait for theirs.
 */
import { type Cancel, type Clock, sleep } from '../clock.ts';
import { type Code, hasCode, RetryableError } from '../errors.ts';
import { EventLedger, type LedgerEntry, type LedgerTime } from './event-ledger.ts';
import type { KubeDeps, KubeLog } from './options.ts';
import { EVENTS, type KubeEvent } from './resources.ts';
import type { EventRecorder, EventText, KubeObject, KubeWriter } from './types.ts';
import { FIELD_MANAGER } from './writes.ts';

export interface EventRecorderDeps extends Pick<KubeDeps, 'clock' | 'log' | 'random'> {
  /** Who reports: the replica's name. */
  readonly instance?: string;
  /** Whether somebody waits for other writes: Events that warn of nothing let them pass, for half a minute at the most. */
  readonly othersWait?: () => boolean;
}

/** When what could not be written is tried again, in milliseconds. */
const RETRY_MS = 10_000;
/** When it is looked at again whether others wait, in milliseconds. */
const LOOK_MS = 100;
/** Codes of failures that pass: the Event is kept for later. */
const PASSING: readonly Code[] = [
  'KUBE_UNAVAILABLE',
  'KUBE_TIMEOUT',
  'KUBE_TOO_MANY_REQUESTS',
  'KUBE_UNAUTHORIZED',
  'NOT_LEADING',
  'TERM_ENDED',
];

export function createEventRecorder(writer: KubeWriter, deps: EventRecorderDeps): EventRecorder {
  return new AggregatingRecorder(writer, deps);
}

class AggregatingRecorder implements EventRecorder {
  readonly #writer: KubeWriter;
  readonly #clock: Clock;
  readonly #log: KubeLog;
  readonly #instance: string;
  readonly #ledger: EventLedger;
  readonly #othersWait: () => boolean;
  /** How many want all to be written now, whoever waits. */
  #flushes: number = 0;
  #draining: Promise<void> | undefined;
  #cancelRetry: Cancel | undefined;
  #closed: boolean = false;
  /** Code of the last failure: a row of the same is logged once. */
  #failing: string | undefined;

  constructor(writer: KubeWriter, deps: EventRecorderDeps) {
    this.#writer = writer;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#instance = deps.instance ?? '';
    this.#ledger = new EventLedger(deps.random ?? Math.random);
    this.#othersWait = deps.othersWait ?? (() => false);
  }

  record(about: KubeObject, event: EventText): void {
    if (!this.#closed) {
      this.#ledger.note(about, event, this.#time());
      this.#wake();
    }
  }

  async flush(timeoutMs: number): Promise<void> {
    const waited = new AbortController();
    this.#flushes += 1;
    this.#wake();
    await Promise.race([this.#draining, sleep(this.#clock, timeoutMs, waited.signal)]);
    this.#flushes -= 1;
    waited.abort();
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
  }

  #wake(): void {
    this.#draining ??= Promise.resolve().then(() => this.#drain());
  }

  /** Writes what may be written now; what has no token or meets an apiserver that is away waits for the next time. Never rejects. */
  async #drain(): Promise<void> {
    this.#cancelRetry?.();
    let passing = false;
    while (!(passing || this.#closed)) {
      const entry = this.#ledger.take(this.#time(), this.#letsPass);
      if (entry === undefined) {
        break;
      }
      passing = await this.#tryWrite(entry);
    }
    // In one step with the last look at the ledger, so that what is recorded later wakes anew.
    this.#draining = undefined;
    if (this.#ledger.waiting > 0 && !this.#closed) {
      const restMs = this.#letsPass && !passing ? LOOK_MS : RETRY_MS;
      this.#cancelRetry = this.#clock.schedule(restMs, () => this.#wake());
    }
  }

  /** At a start every Service that is made has an Event, while others wait for their first endpoints. */
  get #letsPass(): boolean {
    return this.#flushes === 0 && this.#othersWait();
  }

  /** Whether it failed in a way that passes. */
  async #tryWrite(entry: LedgerEntry): Promise<boolean> {
    try {
      await this.#write(entry);
      this.#failing = undefined;
      return false;
    } catch (error) {
      const passing = PASSING.some((code) => hasCode(error, code));
      if (passing) {
        this.#ledger.returned(entry);
      }
      this.#tell(error, passing);
      return passing;
    }
  }

  /** An Event lives an hour in the apiserver, and a create may have come through without its answer: each way falls back to the other. */
  async #write(entry: LedgerEntry): Promise<void> {
    try {
      await (entry.exists ? this.#raise(entry) : this.#create(entry));
    } catch (error) {
      const other = hasCode(error, 'KUBE_NOT_FOUND') || hasCode(error, 'KUBE_ALREADY_EXISTS');
      if (!other) {
        throw error;
      }
      await (entry.exists ? this.#create(entry) : this.#raise(entry));
    }
    entry.exists = true;
  }

  async #create(entry: LedgerEntry): Promise<void> {
    await this.#writer.create(EVENTS, this.#eventOf(entry));
  }

  async #raise(entry: LedgerEntry): Promise<void> {
    const { metadata, count, message, lastTimestamp } = this.#eventOf(entry);
    await this.#writer.mergePatch(EVENTS, metadata, { count, message, lastTimestamp });
  }

  #eventOf({ about, name, type, reason, message, count, firstAt, lastAt }: LedgerEntry): KubeEvent {
    const { apiVersion, kind, metadata } = about;
    const { namespace, uid, resourceVersion } = metadata;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: namespace ?? 'default' },
      involvedObject: {
        apiVersion,
        kind,
        name: metadata.name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      type,
      reason,
      message,
      count,
      firstTimestamp: timestamp(firstAt),
      lastTimestamp: timestamp(lastAt),
      source: { component: FIELD_MANAGER },
      reportingComponent: FIELD_MANAGER,
      reportingInstance: this.#instance,
    };
  }

  #tell(error: unknown, passing: boolean): void {
    const code = error instanceof RetryableError ? error.code : 'unknown';
    if (this.#failing !== code) {
      this.#failing = code;
      this.#log.warn(
        { error, dropped: !passing },
        'An Event could not be written; the next failures of this kind are not logged',
      );
    }
  }

  #time(): LedgerTime {
    return { now: this.#clock.now(), monotonic: this.#clock.monotonic() };
  }
}

/** RFC 3339 in seconds, the precision of the API. */
function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
