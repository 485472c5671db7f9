import { describe, expect, it } from 'vitest';
import type { EtcdCatalogStatus } from '../../api/etcd-catalog.ts';
import type { CatalogPlan } from '../../catalog/plan.ts';
import { type CatalogFacts, isTransition, nextCatalogStatus, readiness } from './catalog-status.ts';

const plan: CatalogPlan = {
  creates: [],
  updates: [],
  deletes: [],
  moves: [],
  published: 1,
  adopted: 0,
  empty: 0,
  kept: 0,
  copies: 0,
  isOverLimit: false,
  keptBecause: undefined,
  lookAgainMs: undefined,
};

function statusOf(
  facts: Partial<CatalogFacts>,
  changes: Partial<CatalogPlan> = {},
  before: EtcdCatalogStatus = {},
): EtcdCatalogStatus {
  const known: CatalogFacts = {
    assignment: { assigned: [], leftOut: [] },
    plan: { ...plan, ...changes },
    unmatchedKeys: 0,
    isKnown: true,
    isObserved: false,
    ...facts,
  };
  const ready = readiness(known, 2000);
  return nextCatalogStatus({ ready, facts: known, before, generation: 1, now: 0 });
}

function pruningHeld({ conditions = [] }: EtcdCatalogStatus): string | undefined {
  return conditions.find(({ type }) => type === 'PruningHeld')?.reason;
}

describe('the status of a catalog', () => {
  it('goes on saying that EtcdServices are kept beyond their time while the registry is away', () => {
    const held = statusOf({}, { keptBecause: 'TooManyAtOnce' });

    expect(pruningHeld(held)).toBe('TooManyAtOnce');
    expect(pruningHeld(statusOf({ isKnown: false }, {}, held))).toBe('TooManyAtOnce');
    expect(pruningHeld(statusOf({}, {}, held))).toBe('NothingHeld');
  });

  it('is written at leisure where counters alone differ, and at once where a condition does', () => {
    const before = statusOf({});

    expect(isTransition(before, statusOf({}, { published: 2 }, before))).toBe(false);
    expect(isTransition(before, statusOf({}, { isOverLimit: true }, before))).toBe(true);
  });
});
