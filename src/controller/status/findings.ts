import type { EtcdServiceSpec } from '../../api/etcd-service.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { isOutage } from '../../etcd/errors.ts';
import type { RangeFailure } from '../../etcd/types.ts';
import type { Requeue } from '../queue/work-queue.ts';
import { Refusal } from './refusal.ts';
import type { Finding, Findings } from './status.ts';

/** What a finding leaves open: the status keeps it. */
export const unknown = {
  serviceName: undefined,
  published: undefined,
  registry: undefined,
  removal: undefined,
  observed: undefined,
} as const;

export const isPublished = {
  status: 'True',
  reason: 'Published',
  message: 'Kubernetes holds what etcd says',
} as const satisfies Finding<'Published'>;

export const whyStale = {
  status: 'False',
  reason: 'RegistryStale',
  message:
    'etcd has been away for so long that nobody knows whether instances live; all are published as not ready',
} as const satisfies Finding<'RegistryStale'>;

/** Why what is published may differ from etcd though nothing is wrong in Kubernetes. */
export function whyUnready(
  failure: RangeFailure | undefined,
  spec: EtcdServiceSpec,
  isConnected: boolean,
): Finding<'Paused' | 'PrefixUnreadable'> | undefined {
  if (spec.mode === 'Paused') {
    return { status: 'Unknown', reason: 'Paused', message: 'spec.mode is Paused; everything stays as it is' };
  }
  // What concerns the whole registry is told by RegistryConnected.
  if (failure === undefined || !isConnected || isOutage(failure.error)) {
    return undefined;
  }
  return { status: 'False', reason: 'PrefixUnreadable', message: messageOf(failure.error) };
}

/** While the registry is known to be away, nobody can say that what is published equals it. */
export function withRegistry(findings: Findings, registry: Findings['registry']): Findings {
  const isRefused = findings.ready !== undefined && findings.ready.reason !== 'Published';
  if (registry?.status !== 'False' || isRefused) {
    return { ...findings, registry };
  }
  return {
    ...findings,
    ready: { status: 'Unknown', reason: 'NotSynced', message: registry.message },
    registry,
  };
}

/** What the apiserver answers to a write that it will not take, however often it is tried. */
const refusingCodes = ['KUBE_INVALID', 'KUBE_FORBIDDEN', 'KUBE_BAD_REQUEST', 'KUBE_UNKNOWN_FIELD'];

/** Errors that only a change of input can help; undefined for those that the queue tries again. */
export function refusalOf(error: unknown): Findings['ready'] {
  if (error instanceof Refusal) {
    return { status: 'False', reason: error.reason, message: error.message };
  }
  const code = codeOf(error);
  if (code !== undefined && refusingCodes.includes(code)) {
    return { status: 'False', reason: 'WriteFailed', message: messageOf(error) };
  }
  return undefined;
}

export function soonest(delays: readonly (number | undefined)[]): Requeue | undefined {
  const requeueAfterMs = earliest(...delays);
  return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
}

/** The least of those delays that are known. */
export function earliest(...delays: readonly (number | undefined)[]): number | undefined {
  const known = delays.filter((delay) => delay !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
