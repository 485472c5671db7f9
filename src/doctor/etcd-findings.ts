import { clockFinding } from './clocks.ts';
import type { MemberAnswer, MemberState } from './etcd-member.ts';
import { versionFinding } from './etcd-version.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';

/** The part of its quota that a database may take without a word. */
const mostFilled = 0.8;

/** What all members together, and each by itself, are found to be. */
export function etcdFindings(answers: readonly MemberAnswer[]): readonly Finding[] {
  return [...answers.flatMap(memberFindings), ...clusterFindings(answers)];
}

function memberFindings(answer: MemberAnswer): readonly Finding[] {
  const member = new URL(answer.host).host;
  if (answer.kind === 'away') {
    const action = 'start it, mend the way to it or its certificate, or take it out of the list';
    return [problem('EtcdReachable', answer.why, action)];
  }
  const { clock, quotaBytes } = answer.http;
  return [
    ok('EtcdReachable', `etcd ${member} answers`),
    ...(answer.kind === 'told'
      ? stateFindings(member, answer.state, quotaBytes)
      : refusalFindings(member, answer.http.version, answer.why)),
    clock === undefined
      ? skipped('EtcdClock', `etcd ${member} tells no time: its port for clients does not answer HTTP`)
      : clockFinding('EtcdClock', `etcd ${member}`, clock),
  ];
}

/** Some releases tell their state to root alone (etcd-io/etcd#21663), all with authentication to users alone; the version anybody may ask by HTTP. */
function refusalFindings(member: string, version: string | undefined, why: string): readonly Finding[] {
  return [
    ...(version === undefined ? [] : [versionFinding(member, version)]),
    skipped('EtcdAlarms', `etcd ${member} does not tell leader, alarms and space to this user: ${why}`),
  ];
}

function stateFindings(
  member: string,
  state: MemberState,
  quotaBytes: number | undefined,
): readonly Finding[] {
  return [
    versionFinding(member, state.version),
    leaderFinding(member, state),
    ...alarmFindings(member, state),
    spaceFinding(member, state.dbBytes, quotaBytes),
  ];
}

function leaderFinding(member: string, { leader, isLearner }: MemberState): Finding {
  if (isLearner) {
    return problem(
      'EtcdLeader',
      `etcd ${member} is a learner, which answers no lists`,
      'promote it (etcdctl member promote), or take it out of the list',
    );
  }
  return leader === '0'
    ? problem(
        'EtcdLeader',
        `etcd ${member} knows no leader: it does not reach a majority of its cluster`,
        'start the other members, or mend the network between them',
      )
    : ok('EtcdLeader', `etcd ${member} follows leader ${BigInt(leader).toString(16)}`);
}

function alarmFindings(member: string, { errors }: MemberState): readonly Finding[] {
  const alarms = errors.filter((error) => error.includes('alarm:'));
  if (alarms.length === 0) {
    return [ok('EtcdAlarms', `etcd ${member} has no alarm`)];
  }
  return alarms.map((alarm) =>
    alarm.includes('NOSPACE')
      ? problem(
          'EtcdAlarms',
          `etcd ${member} is out of space and takes no writes (${alarm})`,
          'compact and defragment it or raise --quota-backend-bytes, then run: etcdctl alarm disarm',
        )
      : problem(
          'EtcdAlarms',
          `etcd ${member} has an alarm (${alarm})`,
          'a member that differs from the others is replaced: remove it, and add it again with empty data',
        ),
  );
}

function spaceFinding(member: string, dbBytes: number, quotaBytes: number | undefined): Finding {
  const size = mebibytes(dbBytes);
  if (quotaBytes === undefined) {
    return skipped('EtcdSpace', `etcd ${member} holds ${size}, and does not tell its quota on this port`);
  }
  const holds = `etcd ${member} holds ${size} of ${mebibytes(quotaBytes)}`;
  return dbBytes > quotaBytes * mostFilled
    ? warning('EtcdSpace', holds, 'compact and defragment it, or raise --quota-backend-bytes')
    : ok('EtcdSpace', holds);
}

function clusterFindings(answers: readonly MemberAnswer[]): readonly Finding[] {
  const byCluster = Map.groupBy(
    answers.flatMap((answer) => (answer.kind === 'told' ? [{ host: answer.host, ...answer.state }] : [])),
    ({ clusterId }) => clusterId,
  );
  if (byCluster.size === 0) {
    return [];
  }
  const clusters = [...byCluster].map(([id, members]) => ({
    id: BigInt(id).toString(16),
    hosts: members.map(({ host }) => new URL(host).host).join(', '),
  }));
  const [only] = clusters;
  return clusters.length === 1
    ? [ok('EtcdCluster', `etcd ${only?.hosts} is cluster ${only?.id}`)]
    : [
        problem(
          'EtcdCluster',
          `the members belong to ${clusters.length} clusters: ${clusters.map(({ id, hosts }) => `${hosts} to ${id}`).join('; ')}`,
          'name the members of one cluster alone; another one is an EtcdRegistry of its own',
        ),
      ];
}

function mebibytes(bytes: number): string {
  return `${Number((bytes / 2 ** 20).toFixed(1))} MiB`;
}
