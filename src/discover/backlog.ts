import type { Change, Key } from '../etcd/types.ts';
import type { SyncedEvent } from './events.ts';

/** Bytes of keys and values that may wait before events are merged: some seconds of a busy registry. */
const mostBytes = 16 * 1024 * 1024;

/** What a waiting change costs besides its key and value, in bytes, roughly. */
const overheadBytes = 200;

/** What waits: a change, or the news that the first list is complete. */
export type Waiting = Change | SyncedEvent;

/**
 * Changes that wait for a slow reader, in order. When too many wait, those of them that a later one of the same key follows are left out, and are
 * counted: what remains is bounded by what is registered and what the reader has been told, and in the end the reader knows what is true.
 */
export class Backlog {
  #waiting: Waiting[] = [];
  #next = 0;
  #bytes = 0;
  /** Bytes that wait before the next merge: twice what the last one left, so that merging is not all that is done. */
  #mergeAbove: number;
  readonly #mostBytes: number;
  /** Keys that the reader believes to be there. */
  readonly #told = new Set<Key>();
  #merged = 0;

  constructor(limitBytes: number = mostBytes) {
    this.#mostBytes = limitBytes;
    this.#mergeAbove = limitBytes;
  }

  add(changes: readonly Waiting[]): void {
    for (const change of changes) {
      this.#waiting.push(change);
      this.#bytes += costOf(change);
    }
    if (this.#bytes > this.#mergeAbove) {
      this.#merge();
    }
  }

  /** The next change, which the reader is told of now; undefined where none waits. */
  take(): Waiting | undefined {
    const taken = this.#waiting[this.#next];
    if (taken === undefined) {
      return undefined;
    }
    this.#next += 1;
    this.#bytes -= costOf(taken);
    if (isChange(taken)) {
      this.#tell(taken);
    }
    if (this.#next === this.#waiting.length) {
      this.#restart([]);
    }
    return taken;
  }

  /** How many changes have been left out since this was last asked. */
  takeMerged(): number {
    const merged = this.#merged;
    this.#merged = 0;
    return merged;
  }

  #tell({ key, registration }: Change): void {
    if (registration === undefined) {
      this.#told.delete(key);
    } else {
      this.#told.add(key);
    }
  }

  /** The first list stays as it is, so that it is complete where the reader is told so; it names each key once. */
  #merge(): void {
    const waiting = this.#waiting.slice(this.#next);
    const news = waiting.findIndex((next) => !isChange(next)) + 1;
    const list = waiting.slice(0, news);
    const listed = new Set(list.filter(isChange).map(({ key }) => key));
    const latest = new Map<Key, Change>();
    for (const change of waiting.slice(news).filter(isChange)) {
      latest.delete(change.key);
      latest.set(change.key, change);
    }
    const kept = [...latest.values()].filter(
      ({ key, registration }) => registration !== undefined || this.#told.has(key) || listed.has(key),
    );
    this.#merged += waiting.length - news - kept.length;
    this.#restart([...list, ...kept]);
  }

  #restart(waiting: Waiting[]): void {
    this.#waiting = waiting;
    this.#next = 0;
    this.#bytes = waiting.reduce((sum, change) => sum + costOf(change), 0);
    this.#mergeAbove = Math.max(this.#mostBytes, 2 * this.#bytes);
  }
}

export function isChange(waiting: Waiting): waiting is Change {
  return !('type' in waiting);
}

function costOf(waiting: Waiting): number {
  return isChange(waiting)
    ? waiting.key.length + (waiting.registration?.value.length ?? 0) + overheadBytes
    : 0;
}
