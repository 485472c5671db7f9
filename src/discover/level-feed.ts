import type { Revision } from '../etcd/types.ts';
import type { DiscoverEvent, LevelEvent } from './events.ts';
import { type Level, levelsOf } from './tree.ts';

/** The levels of a hierarchy that have changed since they were last told. */
export class LevelFeed {
  readonly #told = new Map<string, LevelEvent>();
  /** The next one last. */
  #waiting: DiscoverEvent[] = [];

  /** Whether the last tree has been told whole; only then a newer one may be shown. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Tells what differs from the tree before. */
  show(root: Level, revision: Revision): void {
    const now = new Map(Array.from(levelsOf(root), (level) => [idOf(level), eventOf(level, revision)]));
    const news = [...now].filter(([id, event]) => isNews(event, this.#told.get(id)));
    const gone = [...this.#told].filter(([id]) => !now.has(id));
    for (const [id, event] of news) {
      this.#told.set(id, event);
    }
    for (const [id] of gone) {
      this.#told.delete(id);
    }
    const ends = gone.map(([, event]) => ({ ...event, revision, state: 'gone', up: 0, of: 0 }) as const);
    this.#waiting = [...news.map(([, event]) => event), ...ends].reverse();
  }

  /** Tells, after the first tree, that it was complete. */
  synced(revision: Revision, keys: number): void {
    this.#waiting.unshift({ type: 'synced', revision, keys });
  }

  next(): DiscoverEvent | undefined {
    return this.#waiting.pop();
  }
}

/** A registration may have the key of the level that it lies in, where that ends in a separator. */
function idOf({ key, registration }: Level): string {
  return `${registration === undefined ? 'level' : 'registration'} ${key}`;
}

function eventOf({ key, registration, state, up, of }: Level, revision: Revision): LevelEvent {
  return { type: 'level', revision, key, registration: registration !== undefined, state, up, of };
}

function isNews(event: LevelEvent, told: LevelEvent | undefined): boolean {
  return told === undefined || told.state !== event.state || told.up !== event.up || told.of !== event.of;
}
