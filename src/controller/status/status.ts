import { isDeepStrictEqual } from 'node:util';
import type { Condition, EtcdServiceStatus } from '../../api/etcd-service.ts';
import {
  differenceLimit,
  mostServiceDifferences,
  rejectedMessageLimit,
} from '../../api/etcd-service-status.ts';
import type {
  ConditionType,
  EqualReason,
  HasEndpointsReason,
  ReadyReason,
  RegistryConnectedReason,
  RemovalHeldReason,
} from '../../api/reasons.ts';
import type { Desired } from '../../endpoints/desired.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { Observed } from '../observe/observer.ts';
import { cutTo, type Finding, nextCondition } from './condition.ts';

export type { Finding } from './condition.ts';

/** What a reconcile found out about an EtcdService. */
export interface Findings {
  /** Undefined while the registry is being listed: the condition stays as it is. */
  readonly ready: Finding<ReadyReason> | undefined;
  readonly serviceName: string | undefined;
  /** What is published, where that is known: with it come the counts. */
  readonly published: Published | undefined;
  /** Undefined while it is not yet to be told: the condition stays as it is. */
  readonly registry: Finding<RegistryConnectedReason> | undefined;
  /** Undefined where nothing is known of holds: the condition stays as it is. */
  readonly removal: Finding<RemovalHeldReason> | undefined;
  /** How what stands differs from what would be published, of one that is only observed; undefined where nothing new is known of that. */
  readonly observed: Observed | undefined;
}

export interface Published {
  readonly desired: Desired;
  /** Desired, held and draining endpoints. */
  readonly endpoints: readonly DesiredEndpoint[];
  readonly revision: number;
  /** Endpoints that are published as ready. */
  readonly ready: number;
  /** Endpoints that are published though they have vanished from etcd. */
  readonly held: number;
  /** Endpoints that are published as terminating. */
  readonly draining: number;
}

export interface StatusInput {
  readonly findings: Findings;
  readonly before: EtcdServiceStatus;
  readonly generation: number;
  /** Whether the EtcdService is only observed. */
  readonly observes: boolean;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** The status that findings ask for. What they leave open keeps its value, or is Unknown on the first visit. */
export function nextStatus({ findings, before, generation, observes, now }: StatusInput): EtcdServiceStatus {
  const { published, observed, registry, ready, removal, serviceName } = findings;
  const { observed: observedBefore, ...kept } = before;
  const condition = (type: ConditionType, finding: Finding | undefined): Condition => {
    const known = before.conditions?.find((other) => other.type === type);
    if (finding === undefined && known !== undefined) {
      return known;
    }
    return nextCondition(type, finding ?? firstVisit[type], known, { generation, now });
  };
  return {
    ...kept,
    ...(published === undefined ? {} : countsOf(published, before)),
    ...(observed === undefined ? {} : instancesOf(observed.desired, { draining: 0, held: 0 })),
    ...(observes ? observationOf(observed, observedBefore) : {}),
    ...(serviceName === undefined ? {} : { serviceName }),
    observedGeneration: generation,
    conditions: [
      condition('Ready', ready),
      condition('HasEndpoints', published && hasEndpoints(published)),
      condition('RegistryConnected', registry),
      condition('RemovalHeld', removal),
      ...(observes ? [condition('Equal', observed?.equal)] : []),
    ],
  };
}

/** What conditions say on the first visit, before anything is known. */
const firstVisit: Readonly<Record<ConditionType, Finding>> = {
  Ready: {
    status: 'Unknown',
    reason: 'NotSynced',
    message: 'The registry is being listed',
  } satisfies Finding<ReadyReason>,
  HasEndpoints: {
    status: 'Unknown',
    reason: 'NotSynced',
    message: 'Nothing is known to be published yet',
  } satisfies Finding<HasEndpointsReason>,
  RegistryConnected: {
    status: 'Unknown',
    reason: 'Connecting',
    message: 'The registry has not answered yet',
  } satisfies Finding<RegistryConnectedReason>,
  RemovalHeld: {
    status: 'Unknown',
    reason: 'NotSynced',
    message: 'Nothing is known to have vanished yet',
  } satisfies Finding<RemovalHeldReason>,
  Equal: {
    status: 'Unknown',
    reason: 'NotCompared',
    message: 'Nothing has been compared yet',
  } satisfies Finding<EqualReason>,
};

const noKey =
  'etcd holds no key there; compare spec.prefix with what is registered: etcdctl get --prefix --keys-only';

function hasEndpoints({ endpoints, ready, desired }: Published): Finding<HasEndpointsReason> {
  const message = `${ready} of ${endpoints.length} endpoints are ready`;
  if (ready > 0) {
    return { status: 'True', reason: 'EndpointsReady', message: 'At least one endpoint is ready' };
  }
  if (endpoints.length > 0) {
    return { status: 'False', reason: 'NoReadyEndpoints', message };
  }
  const { keys, rejected, filtered, ignored } = desired.counts;
  const found = `${keys} found: ${rejected} rejected, ${filtered} filtered, ${ignored} ignored; see status.rejected`;
  return { status: 'False', reason: 'NoInstances', message: keys === 0 ? noKey : found };
}

/** Counts, samples and summary. The revision moves with them alone: it is never written for its own sake. */
function countsOf(
  { desired, endpoints, revision, ready, held, draining }: Published,
  before: EtcdServiceStatus,
): EtcdServiceStatus {
  const summary = `${ready}/${endpoints.length - draining}`;
  const next = { summary, ...instancesOf(desired, { draining, held }) };
  const { summary: oldSummary, instances, formats: oldFormats = [], rejected: oldRejected = [] } = before;
  const known = { summary: oldSummary, instances, formats: oldFormats, rejected: oldRejected };
  const isSame = isDeepStrictEqual(next, known);
  return { ...next, revision: isSame && before.revision !== undefined ? before.revision : String(revision) };
}

/** What became of the keys. */
function instancesOf(
  { counts, formats, rejected }: Desired,
  kept: Pick<Published, 'draining' | 'held'>,
): Pick<EtcdServiceStatus, 'instances' | 'formats' | 'rejected'> {
  const samples = rejected.map((sample) => ({
    ...sample,
    message: cutTo(sample.message, rejectedMessageLimit),
  }));
  return { instances: { ...counts, ...kept }, formats: [...formats], rejected: samples };
}

function observationOf(
  observed: Observed | undefined,
  before: EtcdServiceStatus['observed'],
): Pick<EtcdServiceStatus, 'observed'> {
  if (observed?.comparison === undefined) {
    return before === undefined ? {} : { observed: before };
  }
  const { comparison, service } = observed;
  const cut = (text: string): string => cutTo(text, differenceLimit);
  return {
    observed: {
      ...comparison,
      service: service.slice(0, mostServiceDifferences).map(cut),
      examples: comparison.examples.map((example) => ({ ...example, endpoint: cut(example.endpoint) })),
    },
  };
}

export type Difference = 'none' | 'counters' | 'transition';

/** How a status differs: transitions are written at once, counters at leisure. */
export function differenceOf(before: EtcdServiceStatus, after: EtcdServiceStatus): Difference {
  if (isDeepStrictEqual(before, after)) {
    return 'none';
  }
  return isDeepStrictEqual(stable(before), stable(after)) ? 'counters' : 'transition';
}

function stable({ observedGeneration, serviceName, conditions = [] }: EtcdServiceStatus): unknown {
  return {
    observedGeneration,
    serviceName,
    conditions: conditions.map(({ type, status, reason, lastTransitionTime }) => [
      type,
      status,
      reason,
      lastTransitionTime,
    ]),
  };
}
