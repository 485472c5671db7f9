import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../etcd/bytes.ts';
import { keyOf } from '../etcd/key.ts';
import type { Change } from '../etcd/types.ts';
import { Backlog, isChange, type Waiting } from './backlog.ts';

const synced = { type: 'synced', revision: 1, keys: 1 } as const;

function put(key: string, revision: number, bytes = 0): Change {
  const registration = {
    key: keyOf(key),
    value: bytesOf('x'.repeat(bytes)),
    createRevision: 1,
    modRevision: revision,
    lease: '0',
  };
  return { key: keyOf(key), registration, revision };
}

function gone(key: string, revision: number): Change {
  return { key: keyOf(key), registration: undefined, revision };
}

function takeAll(backlog: Backlog): string[] {
  const taken: string[] = [];
  for (let next = backlog.take(); next !== undefined; next = backlog.take()) {
    taken.push(shown(next));
  }
  return taken;
}

function shown(next: Waiting): string {
  if (!isChange(next)) {
    return next.type;
  }
  return `${next.key}@${next.revision}${next.registration === undefined ? ' gone' : ''}`;
}

describe('changes that wait for a reader', () => {
  it('come one by one, in order, while few wait', () => {
    const backlog = new Backlog();
    backlog.add([put('a', 1), synced, put('a', 2), gone('a', 3)]);
    expect(takeAll(backlog)).toEqual(['a@1', 'synced', 'a@2', 'a@3 gone']);
    expect(backlog.takeMerged()).toBe(0);
  });

  it('are merged by key when too many wait, which is counted', () => {
    const backlog = new Backlog(1_000);
    backlog.add([synced, put('a', 1), put('b', 2), put('a', 3), put('a', 4), gone('b', 5), put('c', 6)]);
    expect(backlog.takeMerged()).toBe(4);
    expect(takeAll(backlog)).toEqual(['synced', 'a@4', 'c@6']);
  });

  it('tell of the end of a key that the reader knows, or will know from the list', () => {
    const backlog = new Backlog(1_000);
    backlog.add([put('known', 1)]);
    expect(takeAll(backlog)).toEqual(['known@1']);
    backlog.add([put('listed', 1), synced, gone('known', 2), gone('listed', 3), put('x', 4), gone('x', 5)]);
    expect(takeAll(backlog)).toEqual(['listed@1', 'synced', 'known@2 gone', 'listed@3 gone']);
  });

  it('hold no more than is there, however long the reader sleeps', () => {
    const backlog = new Backlog(100_000);
    backlog.add([synced]);
    for (let revision = 1; revision <= 20_000; revision += 1) {
      backlog.add([
        put(`short-lived-${revision}`, revision, 1_000),
        gone(`short-lived-${revision}`, revision),
      ]);
    }
    expect(takeAll(backlog).length).toBeLessThan(200);
    expect(backlog.takeMerged()).toBeGreaterThan(39_000);
  });

  it('tell in the end what is true, in order of revisions, whatever the reader misses', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('change' as const), key }),
      fc.record({ kind: fc.constant('take' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 0, max: 2_000 }), (steps, limit) => {
        const backlog = new Backlog(limit);
        const reader = new Reader();
        const truth = new Map<string, number>();
        backlog.add([synced]);
        for (const [revision, action] of steps.entries()) {
          if (action.kind === 'take') {
            reader.take(backlog);
          } else {
            backlog.add([change(truth, action.key, revision)]);
          }
        }
        while (reader.take(backlog)) {}
        expect(reader.believed).toEqual(truth);
      }),
    );
  });
});

/** Puts the key where it is not there, or every third time; else deletes it. */
function change(truth: Map<string, number>, key: string, revision: number): Change {
  if (truth.has(key) && revision % 3 !== 0) {
    truth.delete(key);
    return gone(key, revision);
  }
  truth.set(key, revision);
  return put(key, revision);
}

/** Believes what it is told. */
class Reader {
  readonly believed = new Map<string, number>();
  #revision = 0;

  take(backlog: Backlog): boolean {
    const next = backlog.take();
    if (next !== undefined && isChange(next)) {
      this.#believe(next);
    }
    return next !== undefined;
  }

  #believe({ key, registration, revision }: Change): void {
    expect(revision).toBeGreaterThanOrEqual(this.#revision);
    this.#revision = revision;
    if (registration !== undefined) {
      this.believed.set(key, revision);
    } else {
      expect(this.believed.delete(key), `${key} was known`).toBe(true);
    }
  }
}
