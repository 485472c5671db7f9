import { isDeepStrictEqual } from 'node:util';
import type { Condition } from '../../api/condition.ts';
import type { EtcdRegistryStatus } from '../../api/etcd-registry.ts';
import type {
  ConnectedReason,
  RegistryConditionType,
  ServiceRangesReason,
  SyncedReason,
} from '../../api/registry-reasons.ts';
import { codeOf, messageOf, RetryableError } from '../../errors.ts';
import { showKey } from '../../etcd/key.ts';
import type { MirrorStats } from '../../etcd/mirror/mirror.ts';
import type { Connection } from '../../etcd/types.ts';
import { Unconnectable } from '../../registries/credentials.ts';
import { type Finding, nextCondition } from '../status/condition.ts';

/** An outage that is shorter is not told: an election of etcd takes seconds. */
const outageToldAfterMs = 10_000;
/** So long after a connection lists may take without being told. */
const listingToldAfterMs = 30_000;

/** What is known of a registry. */
export interface RegistryFacts {
  /** Why the newest spec and Secrets are not in use: they cannot be, or etcd does not answer by them. */
  readonly problem: Error | undefined;
  readonly connection: Connection;
  readonly stats: MirrorStats;
  /** Version of etcd; undefined while it has not told. */
  readonly version: string | undefined;
  readonly rangesKnown: boolean;
}

export interface RegistryStatusInput {
  readonly facts: RegistryFacts;
  readonly before: EtcdRegistryStatus;
  readonly generation: number;
  /** Wall-clock milliseconds. */
  readonly now: number;
  /** Monotonic milliseconds. */
  readonly monotonicNow: number;
}

/** The status of an EtcdRegistry. What it is too early to tell keeps its value, or is Unknown on the first visit. */
export function nextRegistryStatus({
  facts,
  before,
  generation,
  now,
  monotonicNow,
}: RegistryStatusInput): EtcdRegistryStatus {
  const ageMs = monotonicNow - facts.connection.sinceMonotonic;
  const connected = connectedOf(facts, ageMs);
  const condition = (type: RegistryConditionType, finding: Finding | undefined): Condition => {
    const known = before.conditions?.find((other) => other.type === type);
    if (finding === undefined && known !== undefined) {
      return known;
    }
    return nextCondition(type, unflickering(finding ?? firstVisit[type], known), known, { generation, now });
  };
  const next = {
    ...before,
    keys: facts.stats.keys,
    ...(facts.version === undefined ? {} : { clusterVersion: facts.version }),
    observedGeneration: generation,
    conditions: [
      condition('Connected', connected),
      condition('Synced', syncedOf(facts, connected, ageMs)),
      condition('ServiceRangesKnown', rangesOf(facts)),
    ],
  };
  // The revision moves with the rest alone.
  const isSame = isDeepStrictEqual(next, before);
  return isSame || facts.stats.revision === 0 ? next : { ...next, revision: String(facts.stats.revision) };
}

/** Whether conditions or the version differ, as opposed to counters and messages, which are written at leisure. */
export function isTransition(before: EtcdRegistryStatus, after: EtcdRegistryStatus): boolean {
  return !isDeepStrictEqual(stable(before), stable(after));
}

function stable({ observedGeneration, clusterVersion, conditions = [] }: EtcdRegistryStatus): unknown {
  const told = conditions.map(({ type, status, reason }) => [type, status, reason]);
  return { observedGeneration, clusterVersion, told };
}

const firstVisit: Readonly<Record<RegistryConditionType, Finding>> = {
  Connected: {
    status: 'Unknown',
    reason: 'Connecting',
    message: 'etcd has not answered yet',
  } satisfies Finding<ConnectedReason>,
  Synced: {
    status: 'Unknown',
    reason: 'NotConnected',
    message: 'etcd has not answered yet',
  } satisfies Finding<SyncedReason>,
  ServiceRangesKnown: {
    status: 'False',
    reason: 'RangesUnknown',
    message: 'They are not known yet',
  } satisfies Finding<ServiceRangesReason>,
};

/** Reasons by the code of the error: those that waiting does not mend, and that are told at once. */
const refusalReasons: Readonly<Record<string, ConnectedReason>> = {
  ETCD_AUTH_FAILED: 'AuthenticationFailed',
  ETCD_CERTIFICATE_INVALID: 'CertificateInvalid',
  ETCD_CERTIFICATE_REFUSED: 'CertificateRefused',
  ETCD_INVALID_TLS: 'SecretInvalid',
};

function connectedOf(
  { problem, connection }: RegistryFacts,
  ageMs: number,
): Finding<ConnectedReason> | undefined {
  if (connection.connected) {
    return problem === undefined
      ? { status: 'True', reason: 'Connected', message: 'etcd answers', since: connection.since }
      : { status: 'True', reason: 'FormerCredentials', message: `etcd answers, but ${plain(problem)}` };
  }
  const error = problem ?? connection.error;
  if (error === undefined) {
    return undefined;
  }
  if (error instanceof Unconnectable) {
    return { status: 'False', reason: error.reason, message: error.message };
  }
  const reason = refusalReasons[codeOf(error) ?? ''] ?? 'Disconnected';
  if (reason === 'Disconnected' && ageMs < outageToldAfterMs) {
    return undefined;
  }
  return { status: 'False', reason, message: plain(error), since: connection.since };
}

function syncedOf(
  { stats: { ranges, unlisted, refusals }, connection }: RegistryFacts,
  connected: Finding | undefined,
  ageMs: number,
): Finding<SyncedReason> | undefined {
  if (!connection.connected) {
    return connected && { status: 'Unknown', reason: 'NotConnected', message: 'etcd does not answer' };
  }
  const [first] = refusals;
  if (first !== undefined) {
    const sample = `${showKey(first.range.start)}: ${whyRefused(first.error)}`;
    const message = `${refusals.length} of ${ranges} prefixes cannot be followed, such as ${sample}`;
    return { status: 'False', reason: 'PrefixUnreadable', message };
  }
  if (unlisted === 0) {
    return { status: 'True', reason: 'Synced', message: 'All that EtcdServices ask for is followed' };
  }
  return ageMs < listingToldAfterMs
    ? undefined
    : { status: 'Unknown', reason: 'Listing', message: 'Some prefixes have not been listed yet' };
}

function rangesOf({ rangesKnown }: RegistryFacts): Finding<ServiceRangesReason> {
  return rangesKnown
    ? { status: 'True', reason: 'RangesKnown', message: 'No instance may have an address of a Service' }
    : {
        status: 'False',
        reason: 'RangesUnknown',
        message: 'Only addresses are refused that a Service has now; name the ranges by --service-cidr',
      };
}

/** Members are asked in turns, and each words its refusal with its own address: that is no news while the reason stays. */
function unflickering(finding: Finding, before: Condition | undefined): Finding {
  const isNoNews = finding.status === 'False' && finding.reason === before?.reason;
  return isNoNews && flickering.has(finding.reason)
    ? { ...finding, message: before?.message ?? '' }
    : finding;
}

const flickering: ReadonlySet<string> = new Set([
  'Disconnected',
  'AuthenticationFailed',
  'CertificateInvalid',
  'CertificateRefused',
] satisfies ConnectedReason[]);

/** Without the member that said so, which is another one each time. */
export function whyRefused(error: Error): string {
  return codeOf(error) === 'ETCD_PERMISSION_DENIED' ? 'the user may not read that range' : plain(error);
}

/** What etcd said, without how long we wait before we ask again. */
function plain(error: Error): string {
  const isWait = error instanceof RetryableError && error.retryAfterMs !== undefined;
  return messageOf(isWait && error.cause instanceof Error ? error.cause : error);
}
