import type { Clock } from '../../clock.ts';
import { endpointId } from '../../endpoints/match-ports.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import { codeOf } from '../../errors.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { Limiter } from '../../limiter.ts';
import { lookByHttp, lookByTcp } from '../../look.ts';

/** How long an answer is waited for. */
const answerWithinMs = 2000;
/** How many endpoints are asked at a time by the whole controller, and how many of one EtcdService: a large one leaves room for others. */
const probesAtOnce = 32;
const probesOfOne = 16;
/** How many endpoints one round asks; the next one goes on with the others. */
const maxProbed = 1000;
/** Held endpoints are asked again so long after they have answered, or not. */
const askAgainMs = 30_000;

export interface HeldProbesDeps {
  readonly clock: Clock;
  /** An endpoint of this EtcdService has been found dead. */
  readonly found: (key: ObjectKey) => void;
}

/** What has been asked of one EtcdService during one hold. */
interface Asked {
  readonly holdId: string;
  /** Monotonic milliseconds at which an endpoint had been asked last, by {@link endpointId}. */
  readonly at: Map<string, number>;
  readonly end: AbortController;
  /** Whether a round is under way: the next one begins after it. */
  isAsking: boolean;
  /** When it is to be looked again, in monotonic milliseconds: calls that come between do not put that off. */
  againAt: number;
}

const none: ReadonlySet<string> = new Set();

/**
 * Asks held endpoints whether they still answer. One that refuses is dead; one that answers or says nothing is not. Asks only what it is
 * given, which is published already: it finds out nothing that clients cannot.
 */
export class HeldProbes {
  readonly #deps: HeldProbesDeps;
  readonly #limiter = new Limiter(probesAtOnce);
  readonly #asked = new Map<ObjectKey, Asked>();
  readonly #dead = new Map<ObjectKey, Set<string>>();

  constructor(deps: HeldProbesDeps) {
    this.#deps = deps;
  }

  /** Endpoints of an EtcdService that were found dead since the last call. */
  takeDead(key: ObjectKey): ReadonlySet<string> {
    const dead = this.#dead.get(key) ?? none;
    this.#dead.delete(key);
    return dead;
  }

  /**
   * Asks those that have not been asked for a while, unless others of the EtcdService are being asked. Returns after how many milliseconds
   * this is to be called again.
   */
  ask(key: ObjectKey, holdId: string, held: readonly DesiredEndpoint[], how: 'TCP' | 'HTTP'): number {
    const asked = this.#open(key, holdId);
    const now = this.#deps.clock.monotonic();
    if (!asked.isAsking) {
      void this.#round(key, asked, due(asked.at, held, now), how);
    }
    if (asked.againAt <= now) {
      asked.againAt = now + askAgainMs;
    }
    return asked.againAt - now;
  }

  /** Nothing is held any more. */
  forget(key: ObjectKey): void {
    this.#asked.get(key)?.end.abort();
    this.#asked.delete(key);
    this.#dead.delete(key);
  }

  close(): void {
    for (const key of [...this.#asked.keys()]) {
      this.forget(key);
    }
  }

  #open(key: ObjectKey, holdId: string): Asked {
    const known = this.#asked.get(key);
    if (known?.holdId === holdId) {
      return known;
    }
    this.forget(key);
    const asked = {
      holdId,
      at: new Map<string, number>(),
      end: new AbortController(),
      isAsking: false,
      againAt: Number.NEGATIVE_INFINITY,
    };
    this.#asked.set(key, asked);
    return asked;
  }

  /** Asks each of them once. Never rejects. */
  async #round(
    key: ObjectKey,
    asked: Asked,
    endpoints: readonly DesiredEndpoint[],
    how: 'TCP' | 'HTTP',
  ): Promise<void> {
    const { at, end } = asked;
    const queue = endpoints.values();
    const worker = async (): Promise<void> => {
      for (const endpoint of queue) {
        await this.#ask(key, endpoint, how, end.signal);
        at.set(endpointId(endpoint), this.#deps.clock.monotonic());
      }
    };
    asked.isAsking = true;
    await Promise.all(Array.from({ length: probesOfOne }, worker));
    asked.isAsking = false;
  }

  /** Never rejects. */
  async #ask(
    key: ObjectKey,
    endpoint: DesiredEndpoint,
    how: 'TCP' | 'HTTP',
    ended: AbortSignal,
  ): Promise<void> {
    try {
      await this.#limiter.run(async () => {
        await look(endpoint, how, AbortSignal.any([ended, AbortSignal.timeout(answerWithinMs)]));
      }, ended);
    } catch (error) {
      if (codeOf(error) === 'ECONNREFUSED' && !ended.aborted) {
        const dead = this.#dead.get(key) ?? new Set();
        this.#dead.set(key, dead.add(endpointId(endpoint)));
        this.#deps.found(key);
      }
    }
  }
}

/**
 * Whom to ask now: those that have waited longest first, and also whose turn comes within the time that an answer may take, since the last of a round are
 * asked later than its first. What is held no more is forgotten.
 */
function due(
  at: Map<string, number>,
  held: readonly DesiredEndpoint[],
  now: number,
): readonly DesiredEndpoint[] {
  const waiting = held.map((endpoint) => {
    const id = endpointId(endpoint);
    return { endpoint, id, askedAt: at.get(id) ?? Number.NEGATIVE_INFINITY };
  });
  at.clear();
  for (const { id, askedAt } of waiting) {
    at.set(id, askedAt);
  }
  return waiting
    .filter(({ askedAt }) => askedAt + askAgainMs - answerWithinMs <= now)
    .sort((a, b) => (a.askedAt < b.askedAt ? -1 : a.askedAt > b.askedAt ? 1 : 0))
    .slice(0, maxProbed)
    .map(({ endpoint }) => endpoint);
}

/** Asks the first TCP port; an endpoint without one is not asked. */
async function look(
  { address, ports }: DesiredEndpoint,
  how: 'TCP' | 'HTTP',
  signal: AbortSignal,
): Promise<void> {
  const port = ports.find(({ protocol }) => protocol === 'TCP');
  if (port === undefined) {
    return;
  }
  if (how === 'TCP') {
    await lookByTcp(address, port.port, signal);
    return;
  }
  const host = address.includes(':') ? `[${address}]` : address;
  const scheme = port.appProtocol === 'https' ? 'https' : 'http';
  await lookByHttp(new URL(`${scheme}://${host}:${port.port}/`), signal);
}
