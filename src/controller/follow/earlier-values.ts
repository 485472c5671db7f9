import { codeOf } from '../../errors.ts';
import { isOutage } from '../../etcd/errors.ts';
import type { Key, Registration, RegistrySource, Revision, Unseen } from '../../etcd/types.ts';
import type { KeyLedger } from './key-ledger.ts';

/** How many earlier values of one key are looked at for a good one. */
const maxStepsBack = 5;
/** How many unreadable keys of one EtcdService are looked up in one go, and how many at a time. */
const maxLookups = 1000;
const lookupsAtOnce = 8;

/** `asking`: the end is told. `away`: the registry did not answer. */
export type Lookup = 'known' | 'asking' | 'away';

const nothingLookedUp: ReadonlyMap<Key, Revision> = new Map();

/**
 * Looks up what keys held before that cannot be read now. It does so beside other work: workers serve all registries, and none of them waits for
 * one that is slow.
 */
export class EarlierValues {
  readonly #source: RegistrySource;
  readonly #ledger: KeyLedger;
  readonly #answered: () => void;
  /** Unreadable keys that were looked up, by the revision at which they were made: later values that are unreadable too tell nothing new. */
  #lookedUp: ReadonlyMap<Key, Revision> = nothingLookedUp;
  #isAsking: boolean = false;
  /** Counts how often all has become unknown: an answer to what was asked before is none. */
  #doubts = 0;
  /** How the last look-up ended, until somebody has asked. */
  #ended: { readonly error?: unknown } | undefined;

  constructor(source: RegistrySource, ledger: KeyLedger, answered: () => void) {
    this.#source = source;
    this.#ledger = ledger;
    this.#answered = answered;
  }

  /** Whether all is known that can be; begins to ask where it is not. Throws what etcd answered but that it is away. */
  look(): Lookup {
    const ended = this.#ended;
    if (ended?.error !== undefined) {
      this.#ended = undefined;
      if (isOutage(ended.error)) {
        return 'away';
      }
      throw ended.error;
    }
    const untried = this.#untried();
    if (untried.length > 0 && !this.#isAsking) {
      this.#isAsking = true;
      void this.#ask(untried);
    }
    this.#ended = undefined;
    return untried.length === 0 || ended !== undefined ? 'known' : 'asking';
  }

  /** What was looked up before of these keys says nothing any more. */
  doubt(unseen: Unseen): void {
    this.#doubts += 1;
    const known = new Map(this.#lookedUp);
    for (const key of unseen === 'all' ? known.keys() : unseen) {
      known.delete(key);
    }
    this.#lookedUp = known;
    this.#ended = undefined;
  }

  #untried(): readonly Registration[] {
    return this.#ledger
      .inDoubt()
      .filter(({ key, createRevision }) => this.#lookedUp.get(key) !== createRevision)
      .slice(0, maxLookups);
  }

  async #ask(untried: readonly Registration[]): Promise<void> {
    const doubts = this.#doubts;
    const isOutdated = (): boolean => this.#doubts !== doubts;
    try {
      await this.#supplyAll(untried, isOutdated);
      if (!isOutdated()) {
        this.#remember(untried);
        this.#ended = {};
      }
    } catch (error) {
      this.#ended = isOutdated() ? undefined : { error };
    }
    this.#isAsking = false;
    this.#answered();
  }

  /** Keys that are still in doubt; the others need no memory. */
  #remember(tried: readonly Registration[]): void {
    const known = new Map([
      ...this.#lookedUp,
      ...tried.map(({ key, createRevision }) => [key, createRevision] as const),
    ]);
    this.#lookedUp = new Map(
      this.#ledger
        .inDoubt()
        .flatMap(({ key, createRevision }) =>
          known.get(key) === createRevision ? [[key, createRevision]] : [],
        ),
    );
  }

  async #supplyAll(registrations: readonly Registration[], isOutdated: () => boolean): Promise<void> {
    const queue = registrations.values();
    const worker = async (): Promise<void> => {
      for (const registration of queue) {
        if (isOutdated()) {
          return;
        }
        await this.#supply(registration, isOutdated);
      }
    };
    await Promise.all(Array.from({ length: lookupsAtOnce }, worker));
  }

  /** Goes back from value to value of one key until one is readable as a whole. */
  async #supply(registration: Registration, isOutdated: () => boolean): Promise<void> {
    const earlier: Registration[] = [];
    let later = registration;
    while (earlier.length < maxStepsBack && later.createRevision < later.modRevision) {
      const before = await this.#valueBefore(later);
      if (isOutdated()) {
        return;
      }
      if (before === undefined) {
        break;
      }
      earlier.push(before);
      later = before;
      if (this.#ledger.isReadable(before)) {
        break;
      }
    }
    this.#ledger.supply(registration, earlier);
  }

  async #valueBefore({ key, modRevision }: Registration): Promise<Registration | undefined> {
    try {
      return await this.#source.valueBefore(key, modRevision);
    } catch (error) {
      if (codeOf(error) === 'ETCD_COMPACTED') {
        return undefined;
      }
      throw error;
    }
  }
}
