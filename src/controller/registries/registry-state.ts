import type { Condition } from '../../api/condition.ts';
import type { RegistryConnectedReason } from '../../api/reasons.ts';
import { messageOf } from '../../errors.ts';
import type { Connection } from '../../etcd/types.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { conditionTime } from '../status/condition.ts';
import type { Finding } from '../status/status.ts';

/** A registry that is away for less is not reported: an election of etcd takes seconds. */
const reportedAfterMs = 30_000;
/** Over so long the statuses of many EtcdServices are spread, so that an outage does not become a storm of writes. */
const spreadMs = 30_000;

export interface RegistryState {
  /** Undefined while it is too early to tell: the condition stays as it is. */
  readonly finding: Finding<RegistryConnectedReason> | undefined;
  /** When to look again, in milliseconds. */
  readonly lookAgainMs: number | undefined;
}

/** What an EtcdService says that has no registry. */
export const withoutRegistry: RegistryState = {
  finding: {
    status: 'Unknown',
    reason: 'NoRegistry',
    message: 'There is no registry to use; Ready says why',
  },
  lookAgainMs: undefined,
};

export interface RegistryStateInput {
  readonly connection: Connection;
  readonly key: ObjectKey;
  /** What the EtcdService says now. */
  readonly shown: Condition | undefined;
  /** Monotonic milliseconds. */
  readonly now: number;
}

/** What an EtcdService says of its registry. */
export function registryState({ connection, key, shown, now }: RegistryStateInput): RegistryState {
  if (connection.connected) {
    const { since } = connection;
    const finding = { status: 'True', reason: 'Connected', message: 'etcd answers', since } as const;
    return { finding, lookAgainMs: undefined };
  }
  const dueMs = connection.sinceMonotonic + reportedAfterMs + spread(key) - now;
  if (dueMs > 0) {
    return { finding: undefined, lookAgainMs: dueMs };
  }
  const since = lostAt(connection, shown);
  const message = isTold(shown) ? shown.message : messageSince(since, connection);
  const finding = { status: 'False', reason: 'Disconnected', message, since } as const;
  return { finding, lookAgainMs: undefined };
}

/** Each try fails in words of its own, and each member in others: what has been told is not told anew. */
function isTold(shown: Condition | undefined): shown is Condition {
  return shown?.status === 'False' && shown.reason === ('Disconnected' satisfies RegistryConnectedReason);
}

function messageSince(since: number, { error }: Connection): string {
  const why = error === undefined ? '' : `: ${messageOf(error)}`;
  return `etcd has not answered since ${conditionTime(since)}${why}`;
}

/** A process that was started during an outage did not see it begin; the status tells when that was. */
function lostAt({ since }: Connection, shown: Condition | undefined): number {
  const told = shown?.status === 'False' ? Date.parse(shown.lastTransitionTime) : Number.NaN;
  return Number.isNaN(told) ? since : Math.min(since, told);
}

/** The same share of the spread for the same key every time (FNV-1a). */
function spread(key: ObjectKey): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return ((hash >>> 0) / 2 ** 32) * spreadMs;
}
