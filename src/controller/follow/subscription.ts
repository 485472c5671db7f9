import type { Desired } from '../../endpoints/desired.ts';
import type { Cause, CauseOf } from '../../endpoints/guard/account.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import { isOutage } from '../../etcd/errors.ts';
import type {
  Change,
  KeyRange,
  MirroredRange,
  RangeFailure,
  RangeListener,
  RegistrySource,
  Revision,
  Unseen,
} from '../../etcd/types.ts';
import type { KeyReading } from '../../explain/chain.ts';
import type { OnDeparture } from './departures.ts';
import { EarlierValues } from './earlier-values.ts';
import type { Announced } from './key-entry.ts';
import { KeyLedger, type LedgerRules } from './key-ledger.ts';

/** How soon a registry is asked again that did not answer. */
const askAgainMs = 1000;

/** What an EtcdService follows, and how. Two with equal `rulesId` read and publish alike. */
export interface Following {
  readonly source: RegistrySource;
  readonly range: KeyRange;
  /** Compiles the rules; called only where `rulesId` is new. */
  readonly rules: () => LedgerRules;
  readonly rulesId: string;
}

/** What is remembered of it: what rules are made of may be larger than they. */
type Followed = Omit<Following, 'rules'>;

export interface Settled {
  /** Whether what stands in for unreadable keys is known. */
  readonly isSettled: boolean;
  /** When to ask again, in milliseconds, where no change tells. */
  readonly lookAgainMs: number | undefined;
}

/** What one EtcdService follows in its registry, read into what should be published. */
export class Subscription implements RangeListener {
  readonly #onChange: () => void;
  readonly #onDeparture: OnDeparture | undefined;
  #following: Followed;
  #ledger: KeyLedger;
  #mirrored: MirroredRange;
  #earlier: EarlierValues;
  #isSettled = false;
  /** Whether another range was followed before: then what is published says nothing of the keys of this one. */
  #hasMoved = false;
  /** The same since removals were accounted for last. */
  #hasJustMoved = false;
  #refreshingFor: number | undefined;
  /** The term that what is published was looked at in, by its beginning. */
  #term: number | undefined;

  /**
   * `onChange` is called, synchronously, whenever what should be published may have changed; `onDeparture` for each endpoint that a key
   * announces no more.
   */
  constructor(following: Following, onChange: () => void, onDeparture?: OnDeparture) {
    this.#onChange = onChange;
    this.#onDeparture = onDeparture;
    this.#following = followedOf(following);
    this.#ledger = new KeyLedger(following.rules(), this.#onDeparture);
    this.#earlier = new EarlierValues(following.source, this.#ledger, onChange);
    this.#mirrored = following.source.follow(following.range, this);
  }

  /** Whether one complete list is known: before that, nothing may be published. */
  get isSynced(): boolean {
    return this.#mirrored.synced;
  }

  get revision(): Revision {
    return this.#mirrored.revision;
  }

  get failure(): RangeFailure | undefined {
    return this.#mirrored.failure;
  }

  /** Follows what the EtcdService asks for now: another range, or that of another registry, is listed anew, other rules read the same keys again. */
  update(following: Following): void {
    const before = this.#following;
    this.#following = followedOf(following);
    if (!isSameRange(before, following)) {
      this.#mirrored.release();
      this.#ledger = new KeyLedger(following.rules(), this.#onDeparture);
      this.#earlier = new EarlierValues(following.source, this.#ledger, this.#onChange);
      this.#mirrored = following.source.follow(following.range, this);
      this.#refreshingFor = undefined;
      this.#isSettled = false;
      this.#hasMoved = true;
      this.#hasJustMoved = true;
    } else if (before.rulesId !== following.rulesId) {
      this.#ledger.reread(following.rules());
    }
  }

  /**
   * Starts anew where another term has begun since, at that monotonic time: what was kept in the place of unreadable keys because it was published,
   * a leader in between may have taken out. To be called before it is asked what is published.
   */
  during(term: number): void {
    if (this.#term !== term) {
      this.#term = term;
      this.#isSettled = false;
      this.#ledger.letGo();
    }
  }

  /**
   * Finds what stands in for keys that cannot be read and whose good values were seen by an earlier process, or fell into a gap of the watch
   * (promise 5). The value before counts; where none is readable, a published endpoint that no key explains stays for each, once a term.
   * Where that is being asked, its end is told as a change: nothing may be published before it.
   */
  settle(published: readonly DesiredEndpoint[]): Settled {
    const lookup = this.#earlier.look();
    if (lookup !== 'known') {
      const isAway = lookup === 'away';
      return { isSettled: isAway && this.#isSettled, lookAgainMs: isAway ? askAgainMs : undefined };
    }
    if (!this.#isSettled && !this.#hasMoved) {
      this.#keepUnexplained(published);
    }
    this.#isSettled = true;
    return { isSettled: true, lookAgainMs: undefined };
  }

  /**
   * Whether etcd has been listed since a term began, at that monotonic time: what a standby has seen before may lag behind what the last
   * leader published. Where it has not, a list is begun, and its end is told as a change.
   */
  isListedSince(beganMs: number): boolean {
    const isListed = this.#mirrored.listedAt >= beganMs;
    if (!isListed && this.#refreshingFor !== beganMs) {
      void this.#refresh(beganMs);
    }
    return isListed;
  }

  /** Monotonic milliseconds at which the list began that was applied last. */
  get listedAt(): number {
    return this.#mirrored.listedAt;
  }

  /** Whether what is known has been found to be what etcd holds since that monotonic time; also where etcd refuses to tell. */
  isConfirmedSince(sinceMs: number): boolean {
    const { confirmedAt, failure } = this.#mirrored;
    return confirmedAt >= sinceMs || (failure !== undefined && !isOutage(failure.error));
  }

  confirm(): void {
    this.#mirrored.confirm();
  }

  /** Whether it is not known of some key that what stands in for it is what was good last. */
  get isInDoubt(): boolean {
    return this.#ledger.doubts.isAny;
  }

  /** What should be published as of now; the same object until something changes. */
  desired(): Desired {
    return this.#ledger.desired();
  }

  /** What the keys announce and spec.filter lets through, whether it can be published or not. */
  announced(): Iterable<Announced> {
    return this.#ledger.announced();
  }

  /** Those of some endpoints whose addresses may be published at all, whatever says so. */
  admitted(endpoints: readonly DesiredEndpoint[]): readonly DesiredEndpoint[] {
    return this.#ledger.admitted(endpoints);
  }

  /** How each key is read now and what became of it, in their order; costly, for those who ask why. */
  readings(): Iterable<KeyReading> {
    return this.#ledger.readings();
  }

  /**
   * Tells why an endpoint is desired no more. What this process has not seen leave was told by the spec, where that has changed since it
   * was published (`isSpecNew`), or by a key that names the address in another way; else it has vanished.
   */
  causes(isSpecNew: boolean): CauseOf {
    const ledger = this.#ledger;
    let named: ReadonlySet<string> | undefined;
    return (id, { address }) => {
      const departure = ledger.departures.get(id);
      if (departure !== undefined) {
        return departure.cause === 'changed' ? { kind: 'statement' } : lossUnder(departure.lease);
      }
      if (isSpecNew || this.#hasJustMoved) {
        return { kind: 'statement' };
      }
      named ??= ledger.namedAddresses();
      return named.has(address) ? { kind: 'statement' } : { kind: 'loss' };
    };
  }

  /** All that has left up to now has been accounted for. */
  accounted(): void {
    this.#ledger.departures.clear();
    this.#hasJustMoved = false;
  }

  /** Nobody here accounts for what leaves: whoever leads does. */
  standBy(): void {
    this.#ledger.departures.clear();
  }

  release(): void {
    this.#mirrored.release();
  }

  /** What the range tells, from here on: for the mirror alone. A range that was followed before is released, and tells nothing. */
  changed(changes: readonly Change[]): void {
    this.#ledger.apply(changes);
    this.#onChange();
  }

  synced(): void {
    this.#onChange();
  }

  listed(unseen: Unseen): void {
    if (this.#ledger.doubts.doubt(unseen)) {
      this.#earlier.doubt(unseen);
      this.#onChange();
    }
  }

  failureChanged(): void {
    this.#onChange();
  }

  #keepUnexplained(published: readonly DesiredEndpoint[]): void {
    const ledger = this.#ledger;
    const explained = new Set(this.desired().endpoints.map(({ address }) => address));
    const standing = published.filter(({ drainUntil }) => drainUntil === undefined);
    const addresses = new Set(standing.map(({ address }) => address));
    const unexplained = standing.filter(({ address }) => !explained.has(address));
    for (const { key, instances } of ledger.doubts.unfounded((address) => addresses.has(address))) {
      const kept = unexplained.splice(0, instances);
      if (kept.length > 0) {
        ledger.keep(key, kept);
      }
    }
  }

  async #refresh(beganMs: number): Promise<void> {
    this.#refreshingFor = beganMs;
    try {
      await this.#mirrored.refresh(beganMs);
      this.#onChange();
    } catch {
      // Released or closed meanwhile: nobody waits for it any more.
    }
  }
}

function followedOf({ source, range, rulesId }: Following): Followed {
  return { source, range, rulesId };
}

function isSameRange(a: Followed, b: Followed): boolean {
  return a.source === b.source && a.range.start === b.range.start && a.range.end === b.range.end;
}

/** The lease tells later whether somebody deleted the key; a key without one has no registrar that lives on. */
function lossUnder(lease: string): Cause {
  return lease === '0' ? { kind: 'loss' } : { kind: 'loss', lease };
}
