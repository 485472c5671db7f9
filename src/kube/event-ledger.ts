/** Which Events there are to write: repeats counted, what one object may cost bounded, and everything bounded in number. Pure. */
import { AgedMap } from '../aged-map.ts';
import type { EventText, KubeObject } from './types.ts';

/** One Event of the apiserver, as it should be by now. */
export interface LedgerEntry {
  readonly about: KubeObject;
  readonly type: EventText['type'];
  readonly reason: string;
  /** Name of the Event, unique for this object, type and reason within ten minutes. */
  readonly name: string;
  /** The latest. */
  message: string;
  count: number;
  /** Wall-clock milliseconds. */
  readonly firstAt: number;
  lastAt: number;
  /** Whether the apiserver has it. */
  exists: boolean;
  /** When the last occurrence was counted, monotonic. */
  notedAt: number;
  /** Since when it waits to be written, monotonic. */
  wantedSince: number;
  /** What its object may still cost. */
  readonly budget: Budget;
}

export interface LedgerTime {
  /** Wall-clock milliseconds, for what people read. */
  readonly now: number;
  /** Monotonic milliseconds, for windows and rates. */
  readonly monotonic: number;
}

interface Budget {
  tokens: number;
  filledAt: number;
}

/** All that is known of one object. */
interface ObjectRecord {
  readonly entries: Map<string, LedgerEntry>;
  readonly budget: Budget;
}

/** A repeat after this begins a new Event, as client-go's aggregator does. Milliseconds. */
const WINDOW_MS = 600_000;
/** Client-go's spam filter: so many writes at once for one object, then one in five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Objects remembered, as many as client-go's correlator does. */
const MAX_OBJECTS = 4096;
/** For so long, and so many of them, may let other writes pass: more would be forgotten unwritten. Milliseconds. */
const LONGEST_WAIT_MS = 30_000;
const MAX_WAITING = 2000;
const MAX_MESSAGE = 1024;
/** An object's name may have 253 characters, of which the suffix takes 17. */
const MAX_NAME = 253 - 17;

export class EventLedger {
  readonly #objects = new AgedMap<string, ObjectRecord>();
  readonly #unwritten = new Set<LedgerEntry>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Counts one occurrence. Messages may differ between repeats; the latest is kept. */
  note(about: KubeObject, text: EventText, time: LedgerTime): void {
    const { entries, budget } = this.#recordOf(about, time);
    const key = `${text.type} ${text.reason}`;
    const known = entries.get(key);
    const message = text.message.slice(0, MAX_MESSAGE);
    if (known !== undefined && time.monotonic - known.notedAt < WINDOW_MS) {
      known.count += 1;
      Object.assign(known, { message, lastAt: time.now, notedAt: time.monotonic });
      this.#want(known, time);
      return;
    }
    const entry: LedgerEntry = {
      about,
      type: text.type,
      reason: text.reason,
      name: this.#nameFor(about),
      message,
      count: 1,
      firstAt: time.now,
      lastAt: time.now,
      exists: false,
      notedAt: time.monotonic,
      wantedSince: time.monotonic,
      budget,
    };
    entries.set(key, entry);
    this.#want(entry, time);
  }

  /**
   * Takes the next entry that may be written now; undefined where there is none. Put it back with {@link returned} if that fails. While others wait to
   * write, warnings alone come before them.
   */
  take(time: LedgerTime, othersWait = false): LedgerEntry | undefined {
    const letsPass = othersWait && this.#unwritten.size <= MAX_WAITING;
    for (const entry of this.#unwritten) {
      const hasTime = entry.type === 'Normal' && time.monotonic - entry.wantedSince < LONGEST_WAIT_MS;
      if (!(letsPass && hasTime) && spend(entry.budget, time)) {
        this.#unwritten.delete(entry);
        return entry;
      }
    }
    return undefined;
  }

  returned(entry: LedgerEntry): void {
    this.#unwritten.add(entry);
  }

  /** How many entries wait to be written, those without a token included. */
  get waiting(): number {
    return this.#unwritten.size;
  }

  #want(entry: LedgerEntry, { monotonic }: LedgerTime): void {
    if (!this.#unwritten.has(entry)) {
      entry.wantedSince = monotonic;
      this.#unwritten.add(entry);
    }
  }

  #recordOf(about: KubeObject, time: LedgerTime): ObjectRecord {
    const key = keyOf(about);
    const record = this.#objects.get(key) ?? {
      entries: new Map(),
      budget: { tokens: BURST, filledAt: time.monotonic },
    };
    // Set anew, so that the map is in the order of use and its first object is the one to forget.
    this.#objects.delete(key);
    this.#objects.set(key, record);
    if (this.#objects.size > MAX_OBJECTS) {
      this.#forgetOldest();
    }
    return record;
  }

  #forgetOldest(): void {
    const [, record] = this.#objects.takeOldest() ?? [];
    for (const entry of record?.entries.values() ?? []) {
      this.#unwritten.delete(entry);
    }
  }

  #nameFor(about: KubeObject): string {
    const suffix = Math.floor(this.#random() * 2 ** 52).toString(16);
    const stem = about.metadata.name.slice(0, MAX_NAME).replace(/[^a-z0-9]+$/, '');
    return `${stem}.${suffix.padStart(16, '0')}`;
  }
}

/** Takes a token, if there is one by now. */
function spend(budget: Budget, { monotonic }: LedgerTime): boolean {
  const earned = Math.floor((monotonic - budget.filledAt) / REFILL_MS);
  budget.tokens = Math.min(BURST, budget.tokens + earned);
  budget.filledAt += earned * REFILL_MS;
  if (budget.tokens === 0) {
    return false;
  }
  budget.tokens -= 1;
  return true;
}

function keyOf({ kind, metadata }: KubeObject): string {
  return metadata.uid ?? `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
