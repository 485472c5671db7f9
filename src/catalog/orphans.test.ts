import { describe, expect, it } from 'vitest';
import { generated as made, pruneAfterSeconds } from '../../test/kit/generated.ts';
import { emptySince } from './generated.ts';
import { retire } from './orphans.ts';

const now = Date.parse('2026-11-20T12:00:00Z');

describe('retire', () => {
  it('deletes at once what a deleted catalog leaves', () => {
    expect(retire({ orphans: [made('web')], isDeleted: true, now })).toEqual({
      marked: [],
      deletes: [made('web')],
      lookAgainMs: undefined,
    });
  });

  it('keeps what an absent catalog leaves for its time, and deletes it then', () => {
    const first = retire({ orphans: [made('web')], isDeleted: false, now });
    expect(first).toMatchObject({ deletes: [], lookAgainMs: pruneAfterSeconds * 1000 });
    expect(first.marked.map(emptySince)).toEqual([now]);

    const orphans = first.marked;
    const late = now + pruneAfterSeconds * 1000;
    expect(retire({ orphans, isDeleted: false, now: late - 1 })).toEqual({
      marked: [],
      deletes: [],
      lookAgainMs: 1,
    });
    expect(retire({ orphans, isDeleted: false, now: late }).deletes).toEqual(orphans);
  });

  it('leaves alone what no catalog has made', () => {
    const copy = { ...made('web'), metadata: { ...made('web').metadata, name: 'copy' } };

    expect(retire({ orphans: [copy], isDeleted: true, now })).toEqual({
      marked: [],
      deletes: [],
      lookAgainMs: undefined,
    });
  });
});
