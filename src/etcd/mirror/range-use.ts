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
} from '../types.ts';

/** What a use shows of the copy that it shares: all but its own end. */
export type SharedCopy = Omit<MirroredRange, 'release'>;

/** One user's hold on a mirrored range. Its listener cannot harm the mirror: what it throws is logged. */
export class RangeUse implements MirroredRange {
  readonly #copy: SharedCopy;
  readonly #listener: RangeListener;
  readonly #log: Log;
  readonly #onRelease: (use: RangeUse) => void;
  #released: boolean = false;
  /** Whether the content that was there before this use has been told. */
  #caughtUp: boolean;

  constructor(copy: SharedCopy, listener: RangeListener, log: Log, onRelease: (use: RangeUse) => void) {
    this.#copy = copy;
    this.#listener = listener;
    this.#log = log;
    this.#onRelease = onRelease;
    this.#caughtUp = !copy.synced;
    if (!this.#caughtUp) {
      // Not before `follow` has returned: the listener may look at the range that it gets there.
      queueMicrotask(() => this.#catchUp());
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

  refresh(): Promise<void> {
    return this.#copy.refresh();
  }

  confirm(): void {
    this.#copy.confirm();
  }

  release(): void {
    if (!this.#released) {
      this.#released = true;
      this.#onRelease(this);
    }
  }

  changed(changes: readonly Change[]): void {
    if (this.#caughtUp && changes.length > 0) {
      this.#tell(() => this.#listener.changed(changes));
    }
  }

  failureChanged(): void {
    this.#tell(() => this.#listener.failureChanged());
  }

  firstListed(): void {
    this.#tell(() => this.#listener.synced());
  }

  #catchUp(): void {
    const { revision } = this.#copy;
    const content = Array.from(this.#copy.registrations.values(), (registration) => ({
      key: registration.key,
      registration,
      revision,
    }));
    this.#caughtUp = true;
    this.changed(content);
    this.firstListed();
  }

  #tell(callback: () => void): void {
    if (this.#released) {
      return;
    }
    try {
      callback();
    } catch (error) {
      this.#log.error({ error }, 'a listener of a mirrored range threw; it is told on');
    }
  }
}
