import { backoffMs } from '../../backoff.ts';
import { hasCode, messageOf, RetryableError } from '../../errors.ts';
import type { EtcdDeps } from '../options.ts';

/** A token that is refused younger than this was never any good: asking for the next one at once would storm etcd. */
const trustedAfterMs = 5_000;
const backoff = { baseMs: 500, maxMs: 30_000, jitter: 0.3 };

/**
 * The token that calls present: one for all members, asked for by one call at a time and kept until etcd refuses it. After a refusal of user,
 * password or a fresh token, from the second in a row on, the next try waits, and everybody who asks meanwhile gets the same error.
 */
export class TokenKeeper {
  readonly #authenticate: () => Promise<string>;
  readonly #deps: EtcdDeps;
  #token: { readonly text: string | undefined; readonly since: number } | undefined;
  #asking: Promise<string | undefined> | undefined;
  #failures = 0;
  #notBefore = 0;
  #lastError: unknown;

  constructor(authenticate: () => Promise<string>, deps: EtcdDeps) {
    this.#authenticate = authenticate;
    this.#deps = deps;
  }

  /** The token now; undefined where the server has authentication switched off. */
  async token(): Promise<string | undefined> {
    if (this.#token !== undefined) {
      return this.#token.text;
    }
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return await this.#asking;
  }

  /** etcd refused this token. Ignored where it is no longer the current one: somebody has seen to it already. */
  refused(token: string | undefined): void {
    if (this.#token === undefined || this.#token.text !== token) {
      return;
    }
    const age = this.#deps.clock.monotonic() - this.#token.since;
    this.#token = undefined;
    if (age < trustedAfterMs) {
      this.#failed(new RetryableError('ETCD_AUTH_FAILED', 'etcd refuses a token that it has just given'));
    } else {
      this.#failures = 0;
    }
  }

  isCurrent(token: string | undefined): boolean {
    return this.#token !== undefined && this.#token.text === token;
  }

  async #ask(): Promise<string | undefined> {
    const wait = this.#notBefore - this.#deps.clock.monotonic();
    if (wait > 0) {
      throw new RetryableError(
        'ETCD_AUTH_FAILED',
        `${messageOf(this.#lastError)}; asking again in ${Math.ceil(wait / 1000)} s`,
        {
          cause: this.#lastError,
          retryAfterMs: wait,
        },
      );
    }
    const text = await this.#authenticate().catch((error: unknown) => this.#withoutToken(error));
    this.#token = { text, since: this.#deps.clock.monotonic() };
    return text;
  }

  /** Without authentication on the server there is nothing to present; every other failure is passed on. */
  #withoutToken(error: unknown): undefined {
    if (hasCode(error, 'ETCD_AUTH_NOT_ENABLED')) {
      return undefined;
    }
    if (hasCode(error, 'ETCD_AUTH_FAILED')) {
      this.#failed(error);
    }
    throw error;
  }

  #failed(error: unknown): void {
    const { clock, random = Math.random } = this.#deps;
    this.#lastError = error;
    this.#notBefore = clock.monotonic();
    if (this.#failures > 0) {
      this.#notBefore += backoffMs(this.#failures - 1, { ...backoff, random });
    }
    this.#failures += 1;
  }
}
