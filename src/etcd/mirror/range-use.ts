import type { Pace } from '../../pace.ts';
import type { Log } from '../log.ts';
import type {
  Change,
  Key,
  KeyRange,
  MirroredRange,
  RangeFailure,
  RangeListener,
  Registration,
  Revision,
  Unseen,
} from '../types.ts';

/** What a use shows of the copy that it shares: all but its own end. */
export interface SharedCopy extends Omit<MirroredRange, 'release'> {
  /** A use of it has ended. */
  released(use: RangeUse): void;
}

export interface UseDeps {
  readonly log: Log;
  /** When uses are told the content that was there before. */
  readonly pace: Pace;
}

/** One user's hold on a mirrored range. Its listener cannot harm the mirror: what it throws is logged. */
export class RangeUse implements MirroredRange {
  readonly #copy: SharedCopy;
  readonly #listener: RangeListener;
  readonly #deps: UseDeps;
  #released: boolean = false;
  /** Whether the content that was there before has been told. */
  #caughtUp: boolean = false;

  constructor(copy: SharedCopy, listener: RangeListener, deps: UseDeps) {
    this.#copy = copy;
    this.#listener = listener;
    this.#deps = deps;
    if (copy.synced) {
      this.firstListed();
    }
  }

  get range(): KeyRange {
    return this.#copy.range;
  }

  /** Not before this use has been told what the copy held when it came. */
  get synced(): boolean {
    return this.#copy.synced && this.#caughtUp;
  }

  get revision(): Revision {
    return this.#copy.revision;
  }

  get listedAt(): number {
    return this.#copy.listedAt;
  }

  get confirmedAt(): number {
    return this.#copy.confirmedAt;
  }

  get registrations(): ReadonlyMap<Key, Registration> {
    return this.#copy.registrations;
  }

  get failure(): RangeFailure | undefined {
    return this.#copy.failure;
  }

  refresh(sinceMs?: number): Promise<void> {
    return this.#copy.refresh(sinceMs);
  }

  confirm(): void {
    this.#copy.confirm();
  }

  release(): void {
    if (!this.#released) {
      this.#released = true;
      this.#copy.released(this);
    }
  }

  changed(changes: readonly Change[]): void {
    if (this.#caughtUp && changes.length > 0) {
      this.#tell(() => this.#listener.changed(changes));
    }
  }

  listed(unseen: Unseen): void {
    if (this.#caughtUp) {
      this.#tell(() => this.#listener.listed?.(unseen));
    }
  }

  failureChanged(): void {
    this.#tell(() => this.#listener.failureChanged());
  }

  /** The copy is complete: the whole content is told soon, and what changes from then on. */
  firstListed(): void {
    this.#deps.pace.add(() => this.#catchUp());
  }

  #catchUp(): void {
    if (this.#released) {
      return;
    }
    const { revision } = this.#copy;
    const content = Array.from(this.#copy.registrations.values(), (registration) => ({
      key: registration.key,
      registration,
      revision,
    }));
    this.#caughtUp = true;
    this.changed(content);
    this.#tell(() => this.#listener.synced());
  }

  #tell(callback: () => void): void {
    if (this.#released) {
      return;
    }
    try {
      callback();
    } catch (error) {
      this.#deps.log.error({ error }, 'a listener of a mirrored range threw; it is told on');
    }
  }
}
