import { type Desired, desiredEndpoints } from '../../endpoints/desired.ts';
import { type LastGood, noStandIns, standing } from '../../endpoints/last-good.ts';
import { isUnreadable, type PublishingRules } from '../../endpoints/resolve.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { Change, Key, Registration, Revision } from '../../etcd/types.ts';
import type { KeyReading } from '../../explain/chain.ts';
import { Lookups } from '../../formats/lookups.ts';
import type { FindValue, RegistrationReader } from '../../formats/read.ts';
import type { Reading } from '../../formats/types.ts';
import { Departures, type OnDeparture } from './departures.ts';
import { Doubts, isWhollyUnreadable } from './doubts.ts';
import { type Announced, entryOf, type KeyEntry } from './key-entry.ts';

/** How registrations are read, and how what they announce is published. A new one makes a new ledger out of the old. */
export interface LedgerRules {
  readonly read: RegistrationReader;
  readonly publishing: PublishingRules;
}

const nothingBefore = { lastGood: [], kept: noStandIns };
const nothingGood = (): LastGood => [];

/**
 * What each key of one EtcdService was last read as, and what was good of it last. Every value is read as it arrives, not when it is
 * published, so that a good value between two bad ones is not forgotten. Pure: no I/O, no time.
 */
export class KeyLedger {
  /** How endpoints ceased to be announced. */
  readonly departures: Departures;
  readonly #entries = new Map<Key, KeyEntry>();
  /** Of which keys it is not known what was good of them last. */
  readonly doubts = new Doubts(this.#entries);
  readonly #lookups = new Lookups();
  #rules: LedgerRules;
  #order: readonly Key[] | undefined;
  #desired: Desired | undefined;

  constructor(rules: LedgerRules, onDeparture?: OnDeparture) {
    this.#rules = rules;
    this.departures = new Departures(onDeparture);
  }

  /**
   * Reads what has changed, and all that was read in the light of it. What decides about other keys comes first, so that a role that moves
   * is told as that also where the key that had it is deleted at the same time.
   */
  apply(changes: readonly Change[]): void {
    const decisive = changes.filter(({ key }) => this.#lookups.isSeen(key));
    const others = decisive.length === 0 ? changes : changes.filter(({ key }) => !this.#lookups.isSeen(key));
    for (const change of [...decisive, ...others]) {
      this.#applyOne(change);
    }
  }

  /** Reads every key anew by other rules; what was good last still stands in for what they cannot read. */
  reread(rules: LedgerRules): void {
    this.#rules = rules;
    this.#desired = undefined;
    for (const [key, before] of this.#entries) {
      this.#set(key, before.registration);
      this.doubts.reread(key, before);
    }
  }

  /** What should be published; the same object until something changes. */
  desired(): Desired {
    this.#desired ??= desiredEndpoints(this.#outcomes(), this.#rules.publishing);
    return this.#desired;
  }

  /** How each key is read now and what became of it, in their order; costly, for those who ask why. */
  *readings(): Iterable<KeyReading> {
    for (const { registration, outcomes, standIns } of this.#outcomes()) {
      yield { registration, outcomes, standIns, reading: this.#read(registration) };
    }
  }

  /** What became of the keys, in their order. */
  *#outcomes(): Iterable<KeyEntry> {
    this.#order ??= [...this.#entries.keys()].sort((a, b) => (a < b ? -1 : 1));
    for (const key of this.#order) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) {
        yield entry;
      }
    }
  }

  /** Addresses that some key names, whatever becomes of them; costly, for those who have no memory of what left. */
  namedAddresses(): ReadonlySet<string> {
    const named = new Set<string>();
    for (const { registration } of this.#entries.values()) {
      for (const item of this.#read(registration).items) {
        if (item.kind === 'instance') {
          named.add(item.instance.address);
        }
      }
    }
    return named;
  }

  /** What the keys announce that the filter lets through, whether it can be published or not. */
  *announced(): Iterable<Announced> {
    for (const entry of this.#entries.values()) {
      yield* entry.announced(this.#rules.publishing.admits);
    }
  }

  /** Registrations of which an earlier value may tell more than is known. */
  inDoubt(): readonly Registration[] {
    return this.doubts.keys.flatMap((key) => this.#entries.get(key)?.registration ?? []);
  }

  /** Whether every item of a value can be read. */
  isReadable(registration: Registration): boolean {
    const { items } = this.#glance(registration);
    const { outcomes } = standing(items, nothingGood, this.#rules.publishing);
    return outcomes.every((outcome) => !isUnreadable(outcome));
  }

  /**
   * Gives a key the values that it had before, the latest first, unless it has changed or found a stand-in meanwhile: what is bad in one of them keeps what
   * was good in its place in an earlier one.
   */
  supply({ key, modRevision }: Registration, earlier: readonly Registration[]): void {
    const entry = this.#entries.get(key);
    if (entry?.registration.modRevision !== modRevision || !this.doubts.has(key)) {
      return;
    }
    const { publishing } = this.#rules;
    const good = (before: LastGood): LastGood =>
      earlier.reduceRight<LastGood>(
        (known, registration) => standing(this.#glance(registration).items, () => known, publishing).lastGood,
        before,
      );
    if (good([]).every((instance) => instance === undefined)) {
      return;
    }
    const supplied = this.#entry(entry.registration, { lastGood: good(entry.lastGood), kept: noStandIns });
    const { lease } = entry.registration;
    this.departures.note(entry, supplied, { key, revision: modRevision, lease, cause: 'changed' });
    this.#store(key, supplied);
    this.doubts.settled(key);
  }

  /** Those of some endpoints whose addresses the rules let be published. What is desired has been judged already, which takes longer than to find it. */
  admitted(endpoints: readonly DesiredEndpoint[]): readonly DesiredEndpoint[] {
    if (endpoints.length === 0) {
      return endpoints;
    }
    const judged = new Set(this.desired().endpoints.map(({ address }) => address));
    return endpoints.filter(({ address }) => judged.has(address) || this.#admits(address));
  }

  #admits(address: string): boolean {
    return this.#rules.publishing.refuses(address) === undefined;
  }

  /** Keeps published endpoints in the place of a key that cannot be read, instead of what was good of it once, if anything. */
  keep(key: Key, endpoints: readonly DesiredEndpoint[]): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && isWhollyUnreadable(entry)) {
      this.#store(key, this.#entry(entry.registration, { lastGood: [], kept: endpoints }));
    }
  }

  /** Keeps no published endpoint in the place of a key any more. */
  letGo(): void {
    for (const [key, entry] of this.#entries) {
      if (entry.kept.length > 0) {
        const { registration, lastGood } = entry;
        this.#store(key, this.#entry(registration, { lastGood, kept: noStandIns }));
      }
    }
  }

  #applyOne({ key, registration, revision }: Change): void {
    const before = this.#entries.get(key)?.registration.value;
    if (registration === undefined) {
      this.#remove(key, revision);
    } else {
      this.#set(key, registration);
    }
    const isOther = before === undefined || before !== registration?.value;
    if (isOther) {
      this.doubts.changed(key);
    }
    for (const reader of isOther ? this.#lookups.readersOf(key) : []) {
      const entry = this.#entries.get(reader);
      if (entry !== undefined) {
        this.#set(reader, entry.registration, revision);
      }
    }
  }

  /** `revision` is that of the change by which the key is read: its own, or that of a key that it has looked up. */
  #set(key: Key, registration: Registration, revision = registration.modRevision): void {
    const known = this.#entries.get(key);
    if (known === undefined) {
      this.#order = undefined;
    }
    // A key that was deleted and made again is another one, whether its deletion was seen or not.
    const before = known?.registration.createRevision === registration.createRevision ? known : undefined;
    const entry = this.#entry(registration, before);
    if (known !== undefined) {
      const { lease } = known.registration;
      this.departures.note(known, entry, {
        key,
        revision,
        lease,
        cause: 'changed',
      });
    }
    this.#store(key, entry);
  }

  #remove(key: Key, revision: Revision): void {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      const { lease } = known.registration;
      this.departures.note(known, undefined, { key, revision, lease, cause: 'deleted' });
      this.#entries.delete(key);
      this.#order = undefined;
      this.#desired = undefined;
    }
    this.#lookups.forget(key);
    this.doubts.removed(key);
  }

  #store(key: Key, entry: KeyEntry): void {
    this.#entries.set(key, entry);
    this.#desired = undefined;
    this.doubts.stored(key, entry);
  }

  #entry(registration: Registration, before: Pick<KeyEntry, 'lastGood' | 'kept'> = nothingBefore): KeyEntry {
    const { kept } = before;
    // The rules may have changed since they were published, and may change back.
    const admitted = kept.length === 0 ? noStandIns : kept.filter(({ address }) => this.#admits(address));
    const { format, items } = this.#read(registration);
    const stands = standing(items, () => before.lastGood, this.#rules.publishing);
    const readAgain = this.#lookups.isReader(registration.key) ? undefined : this.#rules.read;
    return entryOf({ registration, format, standing: stands, kept, admitted, readAgain });
  }

  #read(registration: Registration): Reading {
    return this.#lookups.noting(this.#rules.read, this.#findValue)(registration);
  }

  /** Reads a value that its key has no more: what it looks up decides nothing now. */
  #glance(registration: Registration): Reading {
    return this.#rules.read(registration, this.#findValue);
  }

  readonly #findValue: FindValue = (key) => this.#entries.get(key)?.registration.value;
}
