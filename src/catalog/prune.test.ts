import { describe, expect, it } from 'vitest';
import type { EtcdService } from '../api/etcd-service.ts';
import { type KeptBecause, prune } from './prune.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

interface Course {
  /** How many services lose their keys, and over how long. */
  readonly lost: number;
  readonly overMs: number;
  readonly pruneAfterMs: number;
}

/** What becomes of 100 EtcdServices, looked at a hundred times while the loss lasts and again while it falls due. */
function courseOf({ lost, overMs, pruneAfterMs }: Course) {
  let standing = Array.from(
    { length: 100 },
    (_, at) => ({ metadata: { name: `s${at}`, namespace: 'shop' } }) as EtcdService,
  );
  const goneAt = new Map(
    standing.slice(0, lost).map(({ metadata }, at) => [metadata.name, (at * overMs) / lost]),
  );
  const isGone = ({ metadata }: EtcdService, now: number) => (goneAt.get(metadata.name) ?? Infinity) <= now;
  const reasons = new Set<KeptBecause | undefined>();
  const steps = Array.from({ length: 101 }, (_, step) => (step * overMs) / 100);
  const times = [...steps, ...steps.map((time) => time + pruneAfterMs)].sort((a, b) => a - b);
  for (const now of times) {
    const empty = standing.filter((object) => isGone(object, now));
    const found = 100 - [...goneAt.values()].filter((at) => at <= now).length;
    const { marked, deletes, keptBecause } = prune({
      empty,
      standing: standing.length,
      found,
      now,
      pruneAfterMs,
    });
    const markedByName = new Map(marked.map((object) => [object.metadata.name, object]));
    standing = standing
      .filter((object) => !deletes.includes(object))
      .map((object) => markedByName.get(object.metadata.name) ?? object);
    reasons.add(keptBecause);
  }
  return { deleted: 100 - standing.length, reasons: [...reasons] };
}

describe('EtcdServices whose service is gone', () => {
  const kept = { deleted: 0, reasons: [undefined, 'TooManyAtOnce'] };

  it.each([
    ['seconds, as leases run out after a crash', { overMs: 12_000, pruneAfterMs: minute }],
    ['seconds, long ago', { overMs: 12_000, pruneAfterMs: 7 * day }],
    ['an hour', { overMs: hour, pruneAfterMs: 2 * hour }],
    ['half a day, where they stay for a week', { overMs: day / 2, pruneAfterMs: 7 * day }],
  ])('are all kept where most went within %s', (_, course) => {
    expect(courseOf({ ...course, lost: 60 })).toEqual(kept);
  });

  it('go one after the other where they went so', () => {
    const course = { lost: 60, overMs: 60 * day, pruneAfterMs: 7 * day };
    expect(courseOf(course)).toEqual({ deleted: 60, reasons: [undefined] });
  });

  it('go together where they are ten, or 30 in a hundred', () => {
    expect(courseOf({ lost: 30, overMs: 12_000, pruneAfterMs: day }).deleted).toBe(30);
    expect(courseOf({ lost: 31, overMs: 12_000, pruneAfterMs: day })).toEqual(kept);
  });
});
