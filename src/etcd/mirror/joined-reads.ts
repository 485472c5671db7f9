import { untilAborted } from '../../abort.ts';
import { RetryableError } from '../../errors.ts';
import type { RangeAnswer } from '../client/answers.ts';
import type { ReadingClient } from '../client/client.ts';
import type { RangeRequest } from '../client/etcd3.ts';
import { rangeRpc, readsRpc } from '../client/rpc.ts';
import { isOutage } from '../errors.ts';

/** Calls under way at once, beside pages that go apart. What comes meanwhile waits, and goes together. */
const callsAtOnce = 2;
/** etcd takes 128 operations in a transaction unless it is told otherwise (`--max-txn-ops`). */
const mostTogether = 16;
/** Bytes that one answer aims at. */
const targetBytes = 2 * 1024 * 1024;

/** A read of so many keys at the most. */
export type PageRequest = RangeRequest & { readonly limit: number };

interface Waiting {
  readonly request: PageRequest;
  /** What a key weighs in bytes, where the range is known already. */
  readonly keyBytes: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly answer: PromiseWithResolvers<RangeAnswer>;
}

/**
 * Reads pages of ranges (ADR 20). One goes out by itself where little is under way; those that wait go in one transaction of reads, which costs etcd and us a
 * call instead of one each: at a start thousands of ranges are listed, most of them of a few keys.
 */
export class JoinedReads {
  readonly #client: Pick<ReadingClient, 'read'>;
  #waiting: Waiting[] = [];
  #underWay: number = 0;
  /** Bytes a key, of the heaviest page that has come; undefined before the first. */
  #heaviest: number | undefined;

  constructor(client: Pick<ReadingClient, 'read'>) {
    this.#client = client;
  }

  /** Rejects as the client's `read`, or with the signal's reason. `keyBytes` is what keys of the page before weighed. */
  async read(
    request: PageRequest,
    {
      signal,
      keyBytes,
    }: { readonly signal?: AbortSignal | undefined; readonly keyBytes?: number | undefined } = {},
  ): Promise<RangeAnswer> {
    const answer = Promise.withResolvers<RangeAnswer>();
    this.#waiting.push({ request, keyBytes, signal, answer });
    this.#send();
    return await untilAborted(answer.promise, signal);
  }

  /** What is too heavy to go with others waits for nothing. */
  #send(): void {
    const wanted = this.#waiting.filter(({ signal }) => signal?.aborted !== true);
    const { apart = [], joined = [] } = Object.groupBy(wanted, (one) =>
      this.#expected(one) > targetBytes / 2 ? 'apart' : 'joined',
    );
    this.#waiting = joined;
    this.#askEach(apart);
    while (this.#underWay < callsAtOnce && this.#waiting.length > 0) {
      const next = this.#next();
      void this.#take(next);
    }
  }

  /** Never rejects, as all that it calls. */
  async #take(together: readonly Waiting[]): Promise<void> {
    this.#underWay += 1;
    await this.#ask(together);
    this.#underWay -= 1;
    this.#send();
  }

  /** As many as one answer is to bring; one at the least. */
  #next(): readonly Waiting[] {
    let bytes = 0;
    const tooMany = this.#waiting.slice(0, mostTogether).findIndex((one) => {
      bytes += this.#expected(one);
      return bytes > targetBytes;
    });
    return this.#waiting.splice(0, tooMany === -1 ? mostTogether : tooMany);
  }

  /** Bytes that a page may bring, by what keys have weighed so far. */
  #expected({ request: { limit }, keyBytes = this.#heaviest }: Waiting): number {
    return keyBytes === undefined ? Number.POSITIVE_INFINITY : limit * keyBytes;
  }

  async #ask(together: readonly Waiting[]): Promise<void> {
    const [first, ...others] = together;
    if (first !== undefined && others.length === 0) {
      await this.#askAlone(first);
      return;
    }
    try {
      const answers = await this.#transaction(together.map(({ request }) => request));
      for (const [place, one] of together.entries()) {
        this.#answer(one, answers[place] as RangeAnswer);
      }
    } catch (error) {
      await this.#askAgain(together, error);
    }
  }

  /** One that may not be read, is too large or breaks off fails all of them; and not every release is asked so. Where etcd is away, one asks for all. */
  async #askAgain(together: readonly Waiting[], error: unknown): Promise<void> {
    const wanted = together.filter(({ signal }) => signal?.aborted !== true);
    const [first, ...others] = wanted;
    if (first === undefined || !isOutage(error)) {
      this.#askEach(wanted);
      return;
    }
    const again = await this.#askAlone(first);
    if (!isOutage(again)) {
      this.#askEach(others);
      return;
    }
    for (const { answer } of others) {
      answer.reject(again);
    }
  }

  /** Nothing waits for these: a slow one holds back no other. */
  #askEach(waiting: readonly Waiting[]): void {
    for (const one of waiting) {
      void this.#askAlone(one);
    }
  }

  /** Never rejects. Returns why there was no answer, if there was none. */
  async #askAlone(one: Waiting): Promise<unknown> {
    const { request, signal, answer } = one;
    try {
      this.#answer(one, await this.#client.read(rangeRpc, request, { signal }));
      return undefined;
    } catch (error) {
      answer.reject(error);
      return error;
    }
  }

  /** Reads alone make a transaction that changes nothing; those without a revision are all of one, and linearizable as each by itself. */
  async #transaction(requests: readonly RangeRequest[]): Promise<readonly RangeAnswer[]> {
    const success = requests.map((request) => ({ request_range: request }));
    const answers = await this.#client.read(readsRpc, { compare: [], success, failure: [] });
    if (answers.length !== requests.length) {
      throw new RetryableError(
        'ETCD_INVALID_RESPONSE',
        `etcd answered ${answers.length} of ${requests.length} reads of a transaction`,
      );
    }
    return answers;
  }

  #answer({ answer }: Waiting, page: RangeAnswer): void {
    const { bytes, registrations } = page;
    this.#heaviest = Math.max(this.#heaviest ?? 0, bytes / Math.max(1, registrations.length));
    answer.resolve(page);
  }
}
