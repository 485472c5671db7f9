import { isDeepStrictEqual } from 'node:util';
import type { CatalogConditionType, CatalogReasonOf } from '../../api/catalog-reasons.ts';
import type { Condition } from '../../api/condition.ts';
import type { EtcdCatalogStatus } from '../../api/etcd-catalog.ts';
import { mostSamples } from '../../api/etcd-catalog-status.ts';
import type { Assignment, LeftOut } from '../../catalog/assign.ts';
import type { CatalogPlan } from '../../catalog/plan.ts';
import { cutTo, type Finding, nextCondition } from '../status/condition.ts';

/** What is known of a catalog's services. */
export interface CatalogFacts {
  readonly assignment: Assignment;
  readonly plan: CatalogPlan;
  readonly unmatchedKeys: number;
  /** Whether the absence of keys can be believed now. */
  readonly isKnown: boolean;
  /** Whether the plan is only told. */
  readonly isObserved: boolean;
}

export interface CatalogStatusInput {
  /** Undefined where nothing is new: the condition stays as it is. */
  readonly ready: Finding<CatalogReasonOf<'Ready'>> | undefined;
  /** Undefined while they are not known: counts and conditions stay as they are. */
  readonly facts: CatalogFacts | undefined;
  readonly before: EtcdCatalogStatus;
  readonly generation: number;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

const longestText = 1024;

/** The status of an EtcdCatalog. What it is too early to tell keeps its value, or is Unknown on the first visit. */
export function nextCatalogStatus({
  ready,
  facts,
  before,
  generation,
  now,
}: CatalogStatusInput): EtcdCatalogStatus {
  const condition = (type: CatalogConditionType, finding: Finding | undefined): Condition => {
    const known = before.conditions?.find((other) => other.type === type);
    return finding === undefined && known !== undefined
      ? known
      : nextCondition(type, finding ?? firstVisit, known, { generation, now });
  };
  const { pending: _, ...kept } = before;
  return {
    ...(facts === undefined ? before : { ...kept, ...countsOf(facts) }),
    observedGeneration: generation,
    conditions: [
      condition('Ready', ready),
      condition('AllPublished', facts && allPublished(facts.assignment)),
      condition('PruningHeld', facts?.isKnown ? pruningHeld(facts.plan) : undefined),
    ],
  };
}

/** Whether conditions differ, as opposed to counters and messages, which are written at leisure. */
export function isTransition(before: EtcdCatalogStatus, after: EtcdCatalogStatus): boolean {
  return !isDeepStrictEqual(stable(before), stable(after));
}

function stable({ observedGeneration, conditions = [] }: EtcdCatalogStatus): unknown {
  return { observedGeneration, told: conditions.map(({ type, status, reason }) => [type, status, reason]) };
}

const firstVisit = {
  status: 'Unknown',
  reason: 'NotSynced',
  message: 'The registry is being listed',
} satisfies Finding<'NotSynced'>;

/** What can be said of a catalog whose plan is carried out, or told. */
export function readiness(
  { plan, isObserved }: CatalogFacts,
  maxServices: number,
): Finding<CatalogReasonOf<'Ready'>> {
  if (plan.isOverLimit) {
    const message = `There are more services than spec.maxServices (${maxServices}): none is added`;
    return { status: 'False', reason: 'TooManyServices', message };
  }
  if (isObserved) {
    return {
      status: 'Unknown',
      reason: 'Observing',
      message: 'spec.mode is Observe; status.pending says what would be done',
    };
  }
  return {
    status: 'True',
    reason: 'Published',
    message: 'Every service that has a place has its EtcdService',
  };
}

function countsOf({ assignment, plan, unmatchedKeys, isObserved }: CatalogFacts): EtcdCatalogStatus {
  const { assigned, leftOut } = assignment;
  const told = leftOut.filter(({ why }) => why !== 'Excluded');
  return {
    services: {
      found: assigned.length + leftOut.length,
      published: plan.published,
      adopted: plan.adopted,
      leftOut: leftOut.length,
      empty: plan.empty,
      kept: plan.kept,
      copies: plan.copies,
      unmatchedKeys,
    },
    ...(isObserved
      ? {
          pending: {
            create: plan.creates.length,
            update: plan.updates.length,
            delete: plan.deletes.length + plan.moves.length,
          },
        }
      : {}),
    leftOut: told.slice(0, mostSamples).map(({ service, why, about }) => ({
      service: cutTo(service.service, longestText),
      reason: why,
      about: cutTo(about, longestText),
    })),
  };
}

function allPublished({ leftOut }: Assignment): Finding<CatalogReasonOf<'AllPublished'>> {
  const counts = new Map<LeftOut, number>();
  for (const { why } of leftOut) {
    if (why !== 'Excluded') {
      counts.set(why, (counts.get(why) ?? 0) + 1);
    }
  }
  if (counts.size === 0) {
    return { status: 'True', reason: 'AllPublished', message: 'No service is left out' };
  }
  const reasons = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([why, count]) => `${count} ${why}`);
  return { status: 'False', reason: 'SomeLeftOut', message: `Left out: ${reasons.join(', ')}` };
}

function pruningHeld({ keptBecause, empty }: CatalogPlan): Finding<CatalogReasonOf<'PruningHeld'>> {
  if (keptBecause === undefined) {
    return { status: 'False', reason: 'NothingHeld', message: 'No EtcdService is kept beyond its time' };
  }
  const why =
    keptBecause === 'RegistryEmpty' ? 'the registry has no service at all' : 'too many would go at once';
  return {
    status: 'True',
    reason: keptBecause,
    message: `Up to ${empty} empty EtcdServices are kept: ${why}`,
  };
}
