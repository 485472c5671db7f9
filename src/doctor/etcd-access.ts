import type { Clock } from '../clock.ts';
import { hasCode, messageOf } from '../errors.ts';
import { EtcdClient } from '../etcd/client/client.ts';
import { authenticateRpc, rangeRpc } from '../etcd/client/rpc.ts';
import { wireRange } from '../etcd/client/wire-range.ts';
import { showKey } from '../etcd/key.ts';
import type { EtcdOptions } from '../etcd/options.ts';
import type { KeyRange } from '../etcd/types.ts';
import { silent } from './etcd-member.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';
import { grantCommand } from './grant-command.ts';

/** Keys that somebody wants to read. */
export interface WantedRange {
  readonly range: KeyRange;
  /** Who wants them: `EtcdService shop/web`. */
  readonly by: string;
}

/** The most ranges that are tried, and how many at once: etcd is in use meanwhile. */
const mostRanges = 1000;
const atOnce = 8;

/** Whether etcd accepts the user, and lets it read what is wanted. Never rejects. */
export async function accessFindings(
  options: EtcdOptions,
  wanted: readonly WantedRange[],
  { clock }: { readonly clock: Clock },
): Promise<readonly Finding[]> {
  const deps = { clock, log: silent };
  const { user, ...anonymous } = options;
  const stranger = new EtcdClient(anonymous, deps);
  const client = new EtcdClient(options, deps);
  try {
    const auth = user === undefined ? await strangerFinding(client) : await userFinding(stranger, user);
    return auth.outcome === 'problem' ? [auth] : [auth, ...(await rangeFindings(client, wanted))];
  } finally {
    await Promise.all([stranger.close(), client.close()]);
  }
}

async function userFinding(client: EtcdClient, user: NonNullable<EtcdOptions['user']>): Promise<Finding> {
  try {
    await client.read(authenticateRpc, user);
    return ok('EtcdAuth', `etcd accepts the user ${user.name}`);
  } catch (error) {
    if (hasCode(error, 'ETCD_AUTH_NOT_ENABLED')) {
      return warning(
        'EtcdAuth',
        `etcd has authentication switched off: the user ${user.name} is not looked at, and anybody may write`,
        'run: etcdctl auth enable',
      );
    }
    return problem('EtcdAuth', messageOf(error), 'correct --etcd-user and its password');
  }
}

/** Any key will do: etcd refuses those without a user before it looks. */
async function strangerFinding(client: EtcdClient): Promise<Finding> {
  try {
    await client.read(rangeRpc, { key: Buffer.from('\0'), limit: 1, keys_only: true });
    return ok('EtcdAuth', 'etcd wants no user');
  } catch (error) {
    return hasCode(error, 'ETCD_PERMISSION_DENIED')
      ? ok('EtcdAuth', 'etcd knows the user by its certificate')
      : problem('EtcdAuth', messageOf(error), 'give a user: --etcd-user with --etcd-password-file');
  }
}

async function rangeFindings(
  client: EtcdClient,
  wanted: readonly WantedRange[],
): Promise<readonly Finding[]> {
  const byRange = Map.groupBy(wanted, ({ range }) => `${range.start}\0${range.end}`);
  const distinct = [...byRange.values()].flatMap(([first]) => (first === undefined ? [] : [first]));
  if (distinct.length === 0) {
    return [skipped('EtcdPrefixes', 'no EtcdService and no EtcdCatalog names keys of this etcd')];
  }
  const tried = distinct.slice(0, mostRanges);
  const refusals: Finding[] = [];
  const queue = [...tried];
  const work = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      refusals.push(...(await rangeFinding(client, next)));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const rest = distinct.length - tried.length;
  const counted = `${tried.length - refusals.length} of ${tried.length} prefixes can be read`;
  return [
    ...refusals,
    ...(refusals.length < tried.length ? [ok('EtcdPrefixes', counted)] : []),
    ...(rest > 0 ? [skipped('EtcdPrefixes', `${rest} more prefixes are not tried`)] : []),
  ];
}

async function rangeFinding(client: EtcdClient, { range, by }: WantedRange): Promise<readonly Finding[]> {
  try {
    await client.read(rangeRpc, { ...wireRange(range), limit: 1, keys_only: true });
    return [];
  } catch (error) {
    const message = `${showKey(range.start)} of ${by}: ${messageOf(error)}`;
    const action = hasCode(error, 'ETCD_PERMISSION_DENIED')
      ? `run: ${grantCommand(range)}`
      : 'see to etcd first';
    return [problem('EtcdPrefixes', message, action)];
  }
}
