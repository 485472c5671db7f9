import { isDeepStrictEqual } from 'node:util';
import { elapsedMs, type Moment, momentOf, sleep } from '../clock.ts';
import { type Code, hasCode, messageOf } from '../errors.ts';
import type { Leader } from '../leadership/elector.ts';
import { guarded } from './guarded.ts';
import {
  type Claimant,
  holderOf,
  identityOf,
  releasedLease,
  renewedLease,
  takenLease,
  termOf,
} from './lease-elector-record.ts';
import type { LeaseElectorDeps } from './lease-elector-types.ts';
import { LEASES, type Lease } from './resources.ts';
import type { KubeReader, KubeWriter } from './types.ts';

/** How long a Lease that is given up may take to be released until it is left to its time. */
const RELEASE_LIMIT_MS = 3000;
const RELEASE_PAUSE_MS = 200;

/** The Lease taken: for the term of this number, with a write sent at this moment. */
export interface Grip {
  readonly number: number;
  readonly sent: Moment;
}

/**
 * The Lease that replicas contend for, as one of them sees and writes it. Each write follows a read and is bound to what that has shown, so
 * that of several who write at once one comes through. The times in the record are for people: how long it holds is counted by our own
 * clock, from when it was first seen as it is.
 */
export class ContestedLease {
  readonly #client: KubeReader & KubeWriter;
  readonly #claimant: Claimant;
  readonly #deps: LeaseElectorDeps;
  #seen: Lease | undefined;
  #seenSince: Moment;
  /** Number of the last term that is known; of a Lease that was deleted, too. */
  #lastTerm = 0;
  /** Whether a write of ours may have made us the holder. */
  #mayHold: boolean = false;
  readonly #doubles = new Set<string>();
  readonly #tellDouble: (holder: string) => void;

  constructor(client: KubeReader & KubeWriter, claimant: Claimant, deps: LeaseElectorDeps) {
    this.#client = client;
    this.#claimant = claimant;
    this.#deps = deps;
    this.#seenSince = momentOf(deps.clock);
    this.#tellDouble = guarded((holder) => deps.observer?.duplicate?.(holder), deps.log);
  }

  /** Who leads, as last seen; undefined where nobody does, or has not been heard of for as long as it may lead. */
  get leader(): Leader | undefined {
    const holder = this.#seen === undefined ? '' : holderOf(this.#seen);
    if (this.#seen === undefined || holder === '' || this.remainingMs <= 0) {
      return undefined;
    }
    const { namespace, name } = this.#claimant;
    return {
      identity: identityOf(holder),
      key: `${namespace}/${name}`,
      term: termOf(this.#seen),
      own: holder === this.#claimant.holder,
    };
  }

  /** How long the record that was last seen holds from now on. */
  get remainingMs(): number {
    const seconds = this.#seen?.spec?.leaseDurationSeconds ?? this.#claimant.ttlSeconds;
    return seconds * 1000 - elapsedMs(this.#seenSince, momentOf(this.#deps.clock));
  }

  /** Takes the Lease where nobody else holds it; undefined where somebody does, or was faster. Throws what the calls throw. */
  async take(): Promise<Grip | undefined> {
    const found = await this.#look();
    const { leader } = this;
    if (leader !== undefined && !leader.own) {
      return undefined;
    }
    const taken = takenLease(found, this.#claimant, this.#lastTerm + 1, this.#deps.clock.now());
    const sent = momentOf(this.#deps.clock);
    this.#mayHold = true;
    try {
      this.#see(await this.#write(found, taken));
    } catch (error) {
      if (isTooLate(error, found)) {
        return undefined;
      }
      throw error;
    }
    return { number: this.#lastTerm, sent };
  }

  /** Renews the Lease for a term of ours; returns when the write was sent. Undefined where the record is no longer that term's. */
  async renew(term: number): Promise<Moment | undefined> {
    const found = await this.#look();
    if (found === undefined || !this.#isOurs(found) || termOf(found) !== term) {
      return undefined;
    }
    const sent = momentOf(this.#deps.clock);
    this.#see(await this.#write(found, renewedLease(found, this.#deps.clock.now())));
    return sent;
  }

  /** Leaves the Lease to others at once, where it may be ours. Where that fails for some seconds, it is left to its time. Never rejects. */
  async release(): Promise<void> {
    const { clock, log } = this.#deps;
    const from = clock.monotonic();
    while (this.#mayHold) {
      try {
        await this.#releaseOurs();
        this.#mayHold = false;
      } catch (error) {
        if (clock.monotonic() - from > RELEASE_LIMIT_MS) {
          log.info({ problem: messageOf(error) }, 'The Lease is not released; it ends with its time');
          return;
        }
        await sleep(clock, RELEASE_PAUSE_MS);
      }
    }
  }

  async #releaseOurs(): Promise<void> {
    const found = await this.#look();
    if (found !== undefined && this.#isOurs(found)) {
      this.#see(await this.#write(found, releasedLease(found, this.#deps.clock.now())));
    }
  }

  #write(found: Lease | undefined, lease: Lease): Promise<Lease> {
    return found === undefined ? this.#client.create(LEASES, lease) : this.#client.update(LEASES, lease);
  }

  async #look(): Promise<Lease | undefined> {
    const { name, namespace } = this.#claimant;
    const found = await this.#client.get(LEASES, name, namespace);
    this.#see(found);
    return found;
  }

  /** Only a record that has changed is a sign of life: others may write their notes on the object. */
  #see(lease: Lease | undefined): void {
    const before = this.#seen;
    this.#seen = lease;
    if (lease === undefined || isDeepStrictEqual(lease.spec, before?.spec)) {
      return;
    }
    this.#seenSince = momentOf(this.#deps.clock);
    this.#lastTerm = Math.max(this.#lastTerm, termOf(lease));
    if (before !== undefined) {
      this.#noteDouble(holderOf(lease));
    }
  }

  /** A holder that has written while we look is alive; one that we find may be ourselves before a restart. */
  #noteDouble(holder: string): void {
    const isDouble =
      holder !== this.#claimant.holder && identityOf(holder) === identityOf(this.#claimant.holder);
    if (isDouble && !this.#doubles.has(holder)) {
      this.#doubles.add(holder);
      this.#deps.log.warn({ holder }, 'Another replica bears our identity; give each one of its own');
      this.#tellDouble(holder);
    }
  }

  #isOurs(lease: Lease): boolean {
    return holderOf(lease) === this.#claimant.holder;
  }
}

/** Somebody else has created, written or deleted the Lease between our read and our write. */
function isTooLate(error: unknown, found: Lease | undefined): boolean {
  const codes: readonly Code[] =
    found === undefined ? ['KUBE_ALREADY_EXISTS'] : ['KUBE_CONFLICT', 'KUBE_NOT_FOUND'];
  return codes.some((code) => hasCode(error, code));
}
