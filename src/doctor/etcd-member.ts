import type { Clock } from '../clock.ts';
import { codeOf, messageOf } from '../errors.ts';
import { EtcdClient } from '../etcd/client/client.ts';
import { statusRpc } from '../etcd/client/rpc.ts';
import type { Log } from '../etcd/log.ts';
import type { EtcdOptions } from '../etcd/options.ts';
import { type HttpLook, lookByHttp } from './etcd-http.ts';

/** What a member says of itself, without asking the others. */
export interface MemberState {
  readonly version: string;
  readonly clusterId: string;
  /** `0`: none that it knows. */
  readonly leader: string;
  readonly isLearner: boolean;
  /** In etcd's words: `memberID:… alarm:NOSPACE`. */
  readonly errors: readonly string[];
  readonly dbBytes: number;
}

export type MemberAnswer = {
  /** Its URL. */
  readonly host: string;
} & (
  | { readonly kind: 'told'; readonly state: MemberState; readonly http: HttpLook }
  /** It answers, and does not tell its state to us. */
  | { readonly kind: 'refused'; readonly why: string; readonly http: HttpLook }
  | { readonly kind: 'away'; readonly why: string }
);

export interface EtcdLookDeps {
  readonly clock: Clock;
}

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Asks one member, over connections of its own. Never rejects. */
export async function askMember(
  host: string,
  options: EtcdOptions,
  { clock }: EtcdLookDeps,
): Promise<MemberAnswer> {
  const look = (): Promise<HttpLook> =>
    lookByHttp(host, options.tls, { clock, timeoutMs: options.callTimeoutMs ?? 10_000 });
  try {
    const state = await stateOf({ ...options, hosts: [host] }, clock);
    return { host, kind: 'told', state, http: await look() };
  } catch (error) {
    return isRefusal(error)
      ? { host, kind: 'refused', why: messageOf(error), http: await look() }
      : { host, kind: 'away', why: messageOf(error) };
  }
}

/** Older releases tell it to anybody: whether the user is accepted is another question. */
async function stateOf(options: EtcdOptions, clock: Clock): Promise<MemberState> {
  const { user, ...anonymous } = options;
  try {
    return await askState(anonymous, clock);
  } catch (error) {
    if (user === undefined || !isRefusal(error)) {
      throw error;
    }
    return await askState(options, clock);
  }
}

async function askState(options: EtcdOptions, clock: Clock): Promise<MemberState> {
  const client = new EtcdClient(options, { clock, log: silent });
  try {
    const status = await client.read(statusRpc, {});
    return {
      version: status.version,
      clusterId: status.header.cluster_id,
      leader: status.leader,
      isLearner: status.isLearner,
      errors: status.errors,
      dbBytes: Number(status.dbSize),
    };
  } finally {
    await client.close();
  }
}

function isRefusal(error: unknown): boolean {
  return ['ETCD_TOKEN_REFUSED', 'ETCD_AUTH_FAILED', 'ETCD_PERMISSION_DENIED'].includes(codeOf(error) ?? '');
}
