import { untilAborted } from '../../abort.ts';
import { backoffMs } from '../../backoff.ts';
import { sleep } from '../../clock.ts';
import { hasCode, RetryableError } from '../../errors.ts';
import { bufferOf } from '../bytes.ts';
import { closedError } from '../errors.ts';
import { keyOf } from '../key.ts';
import type { EtcdDeps, EtcdOptions } from '../options.ts';
import { type CallOptions, type EtcdCalls, EtcdClient } from './client.ts';
import { rangeRpc } from './rpc.ts';

/**
 * Between two tries to reach etcd by new options; meanwhile the ones before are in use. Where a password has changed in etcd, these are refused
 * already: a lease must outlast the wait.
 */
const renewBackoff = { baseMs: 500, maxMs: 3_000, jitter: 0.3 };
/** The key that etcdctl reads for its health check. */
const askedKey = bufferOf(keyOf('health'));

/** A client in use, with the calls that are under way on it. */
interface Generation {
  readonly client: EtcdClient;
  readonly calls: Set<Promise<unknown>>;
}

/**
 * A client whose addresses and credentials can be changed while it is in use. etcd must have answered by the new ones before anything leaves the
 * ones before; calls under way end where they began. Streams stay on the old connections until their owner, told by `onRenewed`, opens them
 * anew, and end with those: a watch resumes at its revision, and a lease is kept on another stream.
 */
export class RenewableClient implements EtcdCalls {
  readonly #deps: EtcdDeps;
  readonly #listeners = new Set<() => void>();
  /** What has not come to its end yet: clients on trial, and those that are left. */
  readonly #ending = new Set<Promise<void>>();
  #current: Generation | undefined;
  #problem: Error | undefined;
  #trial: AbortController | undefined;
  /** Resolves with the first word about what to go by. */
  readonly #begun = Promise.withResolvers<void>();
  #closed: boolean = false;

  /** Calls wait until the first options have come, or the reason why there are none. */
  constructor(deps: EtcdDeps) {
    this.#deps = deps;
  }

  /** A client of these options to begin with. Throws a TerminalError where they cannot be right. */
  static of(options: EtcdOptions, deps: EtcdDeps): RenewableClient {
    const client = new RenewableClient(deps);
    client.renew(options);
    if (client.#problem !== undefined) {
      throw client.#problem;
    }
    return client;
  }

  /** `host:port` of every member that is asked now. */
  get members(): readonly string[] {
    return this.#current?.client.members ?? [];
  }

  onRenewed(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Why the newest options are not in use; undefined where they are. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** Whether there is anything to go by, be it outdated. */
  get usable(): boolean {
    return this.#current !== undefined;
  }

  /** Goes on with other addresses and credentials, as soon as etcd has answered by them; tries until it does, or others come. */
  renew(options: EtcdOptions): void {
    this.#begun.resolve();
    this.#abandon();
    if (this.#closed) {
      return;
    }
    const client = this.#clientOf(options);
    if (client === undefined) {
      return;
    }
    if (this.#current === undefined) {
      this.#adopt(client);
      return;
    }
    const trial = new AbortController();
    this.#trial = trial;
    this.#untilEnded(this.#adoptOnceAnswered(client, trial.signal));
  }

  /** There is nothing to connect by, for that reason; what was in use stays so. */
  withhold(reason: Error): void {
    this.#begun.resolve();
    this.#abandon();
    this.#problem = reason;
  }

  read: EtcdClient['read'] = (...call) => this.#during(call[2], ({ client }) => client.read(...call));

  write: EtcdClient['write'] = (...call) => this.#during(call[2], ({ client }) => client.write(...call));

  openStream: EtcdClient['openStream'] = (...call) =>
    this.#during(call[2], ({ client }) => client.openStream(...call));

  async close(): Promise<void> {
    this.#closed = true;
    this.#begun.resolve();
    this.#abandon();
    await this.#current?.client.close();
    await Promise.all(this.#ending);
  }

  /** A client of these options; undefined where they cannot be right. */
  #clientOf(options: EtcdOptions): EtcdClient | undefined {
    try {
      return new EtcdClient(options, this.#deps);
    } catch (error) {
      this.#problem = asError(error);
      return undefined;
    }
  }

  async #adoptOnceAnswered(client: EtcdClient, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const failure = await whyUnanswered(client, signal);
      if (signal.aborted) {
        break;
      }
      if (failure === undefined) {
        this.#adopt(client);
        return;
      }
      this.#problem = failure;
      const { clock, random = Math.random } = this.#deps;
      await sleep(clock, backoffMs(attempt, { ...renewBackoff, random }), signal);
    }
    await client.close();
  }

  #adopt(client: EtcdClient): void {
    const before = this.#current;
    this.#current = { client, calls: new Set() };
    this.#problem = undefined;
    if (before !== undefined) {
      this.#untilEnded(retire(before));
    }
    for (const listener of this.#listeners) {
      listener();
    }
  }

  #abandon(): void {
    this.#trial?.abort();
    this.#problem = undefined;
  }

  #untilEnded(work: Promise<void>): void {
    const ending = work.finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async #during<T>(
    options: CallOptions | undefined,
    call: (generation: Generation) => Promise<T>,
  ): Promise<T> {
    await untilAborted(this.#begun.promise, options?.signal);
    const generation = this.#current;
    if (this.#closed || generation === undefined) {
      throw this.#closed ? closedError() : this.#nothingToGoBy();
    }
    const answer = call(generation);
    generation.calls.add(answer);
    try {
      return await answer;
    } finally {
      generation.calls.delete(answer);
    }
  }

  #nothingToGoBy(): RetryableError {
    const reason = this.#problem?.message ?? 'nothing says how';
    return new RetryableError('ETCD_UNAVAILABLE', `etcd cannot be connected to: ${reason}`, {
      cause: this.#problem,
    });
  }
}

/** Why etcd does not answer on this client. A refused read is an answer too: it comes after the user has been accepted. */
async function whyUnanswered(client: EtcdClient, signal: AbortSignal): Promise<Error | undefined> {
  try {
    await client.read(rangeRpc, { key: askedKey, limit: 1, keys_only: true }, { signal });
    return undefined;
  } catch (error) {
    return hasCode(error, 'ETCD_PERMISSION_DENIED') ? undefined : asError(error);
  }
}

/** Each call has its deadline, so that this ends. */
async function retire({ client, calls }: Generation): Promise<void> {
  await Promise.allSettled(calls);
  await client.close();
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
