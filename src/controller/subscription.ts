import type { Desired } from '../endpoints/desired.ts';
import type { Cause, CauseOf } from '../endpoints/guard/account.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import { codeOf } from '../errors.ts';
import { isOutage } from '../etcd/errors.ts';
import type {
  Key,
  KeyRange,
  MirroredRange,
  RangeFailure,
  Registration,
  RegistrySource,
  Revision,
} from '../etcd/types.ts';
import type { KeyReading } from '../explain/chain.ts';
import type { OnDeparture } from './departures.ts';
import { KeyLedger, type LedgerRules } from './key-ledger.ts';

/** How many earlier values of one key are looked at for a good one. */
const maxStepsBack = 5;
/** How many unreadable keys of one EtcdService are looked up, and how many at a time. */
const maxLookups = 1000;
const lookupsAtOnce = 8;

/** What an EtcdService follows, and how. Two with equal `rulesId` read and publish alike. */
export interface Following {
  readonly source: RegistrySource;
  readonly range: KeyRange;
  /** Compiles the rules; called only where `rulesId` is new. */
  readonly rules: () => LedgerRules;
  readonly rulesId: string;
}

/** What one EtcdService follows in its registry, read into what should be published. */
export class Subscription {
  readonly #onChange: () => void;
  readonly #onDeparture: OnDeparture | undefined;
  #following: Following;
  #ledger: KeyLedger;
  #mirrored: MirroredRange;
  #isSettled = false;
  /** Unreadable keys whose earlier values were looked for, by the revision that is unreadable. */
  #lookedUp: ReadonlyMap<Key, Revision> = new Map();
  /** Whether another range was followed before: then what is published says nothing of the keys of this one. */
  #hasMoved = false;
  /** The same since removals were accounted for last. */
  #hasJustMoved = false;
  #refreshingFor: number | undefined;

  /**
   * `onChange` is called, synchronously, whenever what should be published may have changed; `onDeparture` for each endpoint that a key
   * announces no more.
   */
  constructor(following: Following, onChange: () => void, onDeparture?: OnDeparture) {
    this.#onChange = onChange;
    this.#onDeparture = onDeparture;
    this.#following = following;
    this.#ledger = new KeyLedger(following.rules(), this.#onDeparture);
    this.#mirrored = this.#follow(following);
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
    this.#following = following;
    if (!isSameRange(before, following)) {
      this.#mirrored.release();
      this.#ledger = new KeyLedger(following.rules(), this.#onDeparture);
      this.#mirrored = this.#follow(following);
      this.#refreshingFor = undefined;
      this.#isSettled = false;
      this.#hasMoved = true;
      this.#hasJustMoved = true;
    } else if (before.rulesId !== following.rulesId) {
      this.#ledger.reread(following.rules());
    }
  }

  /**
   * Finds what stands in for keys that cannot be read and whose good values were seen by an earlier process, or fell into a gap of the watch
   * (promise 5). The value before counts; where none is readable after a start, a published endpoint that no key explains stays for each.
   * False where etcd could not be asked yet: nothing may be published before that.
   */
  async settle(published: readonly DesiredEndpoint[]): Promise<boolean> {
    const untried = this.#ledger
      .unresolved()
      .filter(({ key, modRevision }) => this.#lookedUp.get(key) !== modRevision)
      .slice(0, maxLookups);
    try {
      await this.#lookUpEarlier(untried);
    } catch (error) {
      if (isOutage(error)) {
        return this.#isSettled;
      }
      throw error;
    }
    this.#rememberLookedUp(untried);
    if (!this.#isSettled && !this.#hasMoved) {
      this.#keepUnexplained(published);
    }
    this.#isSettled = true;
    return true;
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

  /** What should be published as of now; the same object until something changes. */
  desired(): Desired {
    return this.#ledger.desired();
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

  release(): void {
    this.#mirrored.release();
  }

  #follow({ source, range }: Following): MirroredRange {
    const ledger = this.#ledger;
    return source.follow(range, {
      changed: (changes) => {
        ledger.apply(changes);
        this.#onChange();
      },
      synced: this.#onChange,
      failureChanged: this.#onChange,
    });
  }

  /** Keys that are still unreadable at the revision at which they were looked up; the others need no memory. */
  #rememberLookedUp(tried: readonly Registration[]): void {
    const known = new Map([
      ...this.#lookedUp,
      ...tried.map(({ key, modRevision }) => [key, modRevision] as const),
    ]);
    const unresolved = this.#ledger.unresolved();
    this.#lookedUp = new Map(
      unresolved.flatMap(({ key, modRevision }) =>
        known.get(key) === modRevision ? [[key, modRevision]] : [],
      ),
    );
  }

  #keepUnexplained(published: readonly DesiredEndpoint[]): void {
    const ledger = this.#ledger;
    const explained = new Set(this.desired().endpoints.map(({ address }) => address));
    const unexplained = published.filter(({ address }) => !explained.has(address));
    for (const [index, { key }] of ledger.unresolved().entries()) {
      const endpoint = unexplained[index];
      if (endpoint !== undefined) {
        ledger.keep(key, endpoint);
      }
    }
  }

  async #refresh(beganMs: number): Promise<void> {
    this.#refreshingFor = beganMs;
    try {
      await this.#mirrored.refresh();
      this.#onChange();
    } catch {
      // Released or closed meanwhile: nobody waits for it any more.
    }
  }

  async #lookUpEarlier(registrations: readonly Registration[]): Promise<void> {
    const queue = registrations.values();
    const worker = async (): Promise<void> => {
      for (const registration of queue) {
        await this.#supplyEarlier(registration);
      }
    };
    await Promise.all(Array.from({ length: lookupsAtOnce }, worker));
  }

  /** Goes back from value to value of one key until one is readable. */
  async #supplyEarlier(registration: Registration): Promise<void> {
    let later = registration;
    for (let step = 0; step < maxStepsBack && later.createRevision < later.modRevision; step += 1) {
      const earlier = await this.#valueBefore(later);
      if (earlier === undefined || this.#ledger.supply(registration, earlier)) {
        return;
      }
      later = earlier;
    }
  }

  async #valueBefore({ key, modRevision }: Registration): Promise<Registration | undefined> {
    try {
      return await this.#following.source.valueBefore(key, modRevision);
    } catch (error) {
      if (codeOf(error) === 'ETCD_COMPACTED') {
        return undefined;
      }
      throw error;
    }
  }
}

function isSameRange(a: Following, b: Following): boolean {
  return a.source === b.source && a.range.start === b.range.start && a.range.end === b.range.end;
}

/** The lease tells later whether somebody deleted the key; a key without one has no registrar that lives on. */
function lossUnder(lease: string): Cause {
  return lease === '0' ? { kind: 'loss' } : { kind: 'loss', lease };
}
