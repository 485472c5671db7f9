import type { Clock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { messageOf } from '../errors.ts';
import { EtcdClient } from '../etcd/client/client.ts';
import { defaultElectionName, electionRange } from '../etcd/election/election-name.ts';
import { type Standings, standingsOf } from '../etcd/election/standings.ts';
import { showKey } from '../etcd/key.ts';
import { leaseTime } from '../etcd/lease/lease-calls.ts';
import { listRange } from '../etcd/mirror/range.ts';
import type { LeaseTime, Registration } from '../etcd/types.ts';
import { holderOf, identityOf, termOf } from '../kube/lease-elector-record.ts';
import { LEASES, type Lease, NAMESPACES } from '../kube/resources.ts';
import type { KubeReader } from '../kube/types.ts';
import { silent } from './etcd-member.ts';
import { type Finding, ok, problem, skipped } from './finding.ts';

export interface ElectionDeps {
  /** Undefined where Kubernetes does not answer. */
  readonly client: Pick<KubeReader, 'get'> | undefined;
  readonly ownNamespace: string;
  readonly clock: Clock;
}

const start =
  'start the controller; where it runs, say as it does: --own-namespace (the namespace of its Pods), --release and --election-name';

/** Who leads, or why nobody does. Never rejects. */
export async function electionFinding(config: ControllerConfig, deps: ElectionDeps): Promise<Finding> {
  const { where } = config.election;
  if (where === 'off') {
    return skipped('Election', '--leader-elect is off: the one replica leads');
  }
  try {
    return where === 'kubernetes' ? await leaseFinding(config, deps) : await etcdFinding(config, deps);
  } catch (error) {
    return problem('Election', messageOf(error), 'see to what the election is held in');
  }
}

async function leaseFinding({ election }: ControllerConfig, deps: ElectionDeps): Promise<Finding> {
  const { client, ownNamespace, clock } = deps;
  const name = election.name ?? election.release;
  return client === undefined
    ? skipped('Election', 'it is held in Kubernetes, which does not answer')
    : judgeLease(`${ownNamespace}/${name}`, await client.get(LEASES, name, ownNamespace), clock.now());
}

/** `name` is namespace and name of the Lease; `now` is wall-clock time in milliseconds. */
export function judgeLease(name: string, lease: Lease | undefined, now: number): Finding {
  if (lease === undefined) {
    return problem('Election', `nobody leads: there is no Lease ${name}`, start);
  }
  const holder = holderOf(lease);
  if (holder === '') {
    return problem('Election', `nobody leads: Lease ${name} was given back`, start);
  }
  const { acquireTime, renewTime, leaseDurationSeconds } = lease.spec ?? {};
  const silentMs = now - Date.parse(renewTime ?? '');
  if (!(silentMs <= (leaseDurationSeconds ?? 0) * 1000)) {
    const heard = Number.isNaN(silentMs) ? 'never' : `last ${Math.round(silentMs / 1000)} s ago`;
    const message = `nobody leads: ${identityOf(holder)} holds Lease ${name}, and was ${heard} heard of`;
    return problem('Election', message, start);
  }
  return ok(
    'Election',
    `${identityOf(holder)} leads since ${acquireTime}, in term ${termOf(lease)} of Lease ${name}`,
  );
}

async function etcdFinding(config: ControllerConfig, deps: ElectionDeps): Promise<Finding> {
  const name = await electionName(config, deps);
  if (name === undefined) {
    return skipped(
      'Election',
      `its name holds the UID of namespace ${deps.ownNamespace}, which is not known`,
    );
  }
  const client = new EtcdClient(config.electionEtcd, { clock: deps.clock, log: silent });
  const signal = AbortSignal.timeout((config.electionEtcd.callTimeoutMs ?? 10_000) * 2);
  try {
    const registrations: Registration[] = [];
    for await (const page of listRange(client, electionRange(name), { signal })) {
      registrations.push(...page.registrations);
    }
    const standings = standingsOf(name, registrations);
    const [leader] = standings.candidates;
    const lease = leader && leader.lease !== '0' ? await leaseTime(client, leader.lease, signal) : undefined;
    return judgeStandings(name, standings, lease);
  } finally {
    await client.close();
  }
}

async function electionName(
  { election }: ControllerConfig,
  { client, ownNamespace }: ElectionDeps,
): Promise<string | undefined> {
  if (election.name !== undefined) {
    return election.name;
  }
  const uid = (await client?.get(NAMESPACES, ownNamespace))?.metadata.uid;
  return uid && defaultElectionName(uid, election.release);
}

/** etcd does not keep when a key was made, and so not since when somebody leads: the term alone tells one from the next. */
export function judgeStandings(
  name: string,
  { candidates, obstacles }: Standings,
  lease: LeaseTime | undefined,
): Finding {
  const [leader, ...standby] = candidates;
  if (leader === undefined) {
    return problem('Election', `nobody leads: no replica stands for election ${name}`, start);
  }
  const stuck = obstacles.find(({ key, kind }) => key === leader.key && kind === 'without-lease');
  if (stuck !== undefined) {
    return problem(
      'Election',
      `nobody leads: ${showKey(stuck.key)} has no lease that would end it`,
      `run: etcdctl del '${showKey(stuck.key)}'`,
    );
  }
  const left = lease === undefined ? '' : `, ${lease.remainingSeconds} of ${lease.grantedSeconds} s left`;
  return ok(
    'Election',
    `${leader.identity} leads in term ${leader.createRevision} of ${name}${left}; ${standby.length} more stand by`,
  );
}
