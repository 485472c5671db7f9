import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WatchAnswer } from '../client/watch-answer.ts';
import { keyOf } from '../key.ts';
import type { Change, Revision } from '../types.ts';
import { advance, type Position, positionAfter } from './resume.ts';

const clusterId = '7';

function message(fields: Partial<WatchAnswer>): WatchAnswer {
  return {
    isReadable: true,
    watchId: 0,
    clusterId,
    revision: 0,
    created: false,
    canceled: false,
    compactRevision: 0,
    cancelReason: '',
    fragment: false,
    changes: [],
    ...fields,
  };
}

function change(key: string, revision: Revision): Change {
  return { key: keyOf(key), registration: undefined, revision };
}

const at100 = positionAfter(100, clusterId);

describe('the rule of resumption', () => {
  it('does not move on created, whose header is ahead of the history that is still to come', () => {
    expect(advance(at100, message({ created: true, revision: 1000 }))).toEqual({
      kind: 'created',
      behind: false,
    });
  });

  it('moves behind the last event, not behind the header', () => {
    const step = advance(at100, message({ revision: 1000, changes: [change('a', 101), change('b', 599)] }));
    expect(step).toMatchObject({ kind: 'changed', position: { next: 600 } });
  });

  it('moves behind the header on a message without events', () => {
    const step = advance(at100, message({ revision: 1000 }));
    expect(step).toMatchObject({ kind: 'changed', changes: [], position: { next: 1001 } });
  });

  it('drops events that are older than asked for, and does not move for them', () => {
    const step = advance(at100, message({ revision: 1000, changes: [change('a', 99)] }));
    expect(step).toMatchObject({ kind: 'changed', changes: [], position: { next: 101 } });
  });

  it('never moves backwards', () => {
    expect(advance(at100, message({ revision: 50 }))).toMatchObject({ position: { next: 101 } });
  });

  it('tells a revision only when its last fragment has come', () => {
    const first = advance(at100, message({ revision: 101, fragment: true, changes: [change('a', 101)] }));
    expect(first).toMatchObject({ kind: 'partial', position: { next: 101 } });
    const position = first.kind === 'partial' ? first.position : at100;
    const last = advance(position, message({ revision: 101, changes: [change('b', 101)] }));
    expect(last).toMatchObject({
      changes: [change('a', 101), change('b', 101)],
      position: { next: 102, fragments: [] },
    });
  });

  it('knows compaction, refusal and an end without a reason apart', () => {
    expect(advance(at100, message({ canceled: true, compactRevision: 500 }))).toEqual({
      kind: 'lost',
      reason: 'compacted',
    });
    expect(
      advance(
        at100,
        message({ canceled: true, created: true, cancelReason: 'etcdserver: permission denied' }),
      ),
    ).toEqual({
      kind: 'refused',
      reason: 'etcdserver: permission denied',
    });
    expect(advance(at100, message({ canceled: true, cancelReason: 'whatever' }))).toEqual({
      kind: 'lost',
      reason: 'watch-ended',
    });
  });

  it('sees another cluster by its id, save for the empty header of a proxy', () => {
    expect(advance(at100, message({ clusterId: '8', created: true }))).toEqual({
      kind: 'lost',
      reason: 'cluster-changed',
    });
    expect(advance(at100, message({ clusterId: '0', created: true }))).toEqual({
      kind: 'created',
      behind: false,
    });
  });

  it('sees a member that does not know of the revision that has been told', () => {
    expect(advance(at100, message({ created: true, revision: 99 }))).toEqual({
      kind: 'created',
      behind: true,
    });
    expect(advance(at100, message({ created: true, revision: 100 }))).toEqual({
      kind: 'created',
      behind: false,
    });
  });

  it('tells every event once and in order, whatever is cut, repeated, split or announced in between', () => {
    fc.assert(
      fc.property(history, fc.array(action, { maxLength: 60 }), (events, actions) => {
        const watcher = new Watcher(positionAfter(0, clusterId));
        const server = new Server(events);
        for (const { kind, size } of [...actions, ...toTheEnd]) {
          kind === 'cut' ? watcher.resume(server) : watcher.take(server.next(kind, size));
        }
        expect(watcher.told).toEqual(events);
      }),
    );
  });
});

/** Events by revision, one or several each; some revisions are for other keys. */
const history = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 3 })), { maxLength: 30 })
  .map((revisions) => {
    let revision = 0;
    return revisions.flatMap(([skipped, count]) => {
      revision += 1 + skipped;
      return Array.from({ length: count }, (_, index) => change(`k${index}`, revision));
    });
  });

const action = fc.record({
  kind: fc.constantFrom('cut' as const, 'events' as const, 'progress' as const, 'repeat' as const),
  size: fc.integer({ min: 1, max: 4 }),
});

const toTheEnd = Array.from({ length: 40 }, () => ({ kind: 'events' as const, size: 4 }));

/** Serves a history as etcd does: whole revisions from the start revision on, headers at the newest revision. */
class Server {
  readonly #events: readonly Change[];
  readonly #head: Revision;
  #position = 0;

  constructor(events: readonly Change[]) {
    this.#events = events;
    this.#head = events.at(-1)?.revision ?? 0;
  }

  create(from: Revision): WatchAnswer {
    const first = this.#events.findIndex((event) => event.revision >= from);
    this.#position = first === -1 ? this.#events.length : first;
    return message({ created: true, revision: this.#head });
  }

  next(kind: 'events' | 'progress' | 'repeat', size: number): readonly WatchAnswer[] {
    if (this.#position >= this.#events.length) {
      return kind === 'progress' ? [message({ revision: this.#head })] : [];
    }
    if (kind === 'progress') {
      return [];
    }
    const from = kind === 'repeat' ? 0 : this.#position;
    const last = this.#events[Math.min(this.#position + size, this.#events.length) - 1]?.revision ?? 0;
    const end = this.#events.findLastIndex((event) => event.revision <= last) + 1;
    const changes = this.#events.slice(from, end);
    this.#position = end;
    const middle = Math.floor(changes.length / 2);
    return size % 2 === 0
      ? [message({ revision: this.#head, changes })]
      : [
          message({ revision: this.#head, changes: changes.slice(0, middle), fragment: true }),
          message({ revision: this.#head, changes: changes.slice(middle) }),
        ];
  }
}

class Watcher {
  readonly told: Change[] = [];
  #position: Position;

  constructor(position: Position) {
    this.#position = position;
  }

  resume(server: Server): void {
    this.#position = { ...this.#position, fragments: [] };
    this.take([server.create(this.#position.next)]);
  }

  take(messages: readonly WatchAnswer[]): void {
    for (const each of messages) {
      const step = advance(this.#position, each);
      if (step.kind === 'changed' || step.kind === 'partial') {
        this.#position = step.position;
      }
      if (step.kind === 'changed') {
        this.told.push(...step.changes);
      }
    }
  }
}
