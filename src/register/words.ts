/** What `register` says, a line for each change. Values are never shown: they may hold secrets. */
import { codeOf } from '../errors.ts';
import { showKey } from '../etcd/key.ts';
import { leaseText } from '../etcd/lease/lease-id.ts';
import type { LeaseLoss } from '../etcd/lease/lease-types.ts';
import type { Holder, Registered } from '../etcd/registrar/registrar-types.ts';
import type { Key } from '../etcd/types.ts';

const lossText: Readonly<Record<LeaseLoss, string>> = {
  expired: 'it could not be kept alive in time',
  'not-found': 'etcd does not know it any more',
};

export function registeredText(key: Key, how: Registered): string {
  return `registered ${showKey(key)}${how === 'restored' ? ' again' : ''}`;
}

export function waitingText({ key, lease }: Holder, atMostMs: number): string {
  return `waiting for ${showKey(key)}, which somebody else holds by the lease ${leaseText(lease)}: at most ${seconds(atMostMs)}, unless --takeover is given`;
}

export function overwrittenText({ key, lease }: Holder): string {
  const by = lease === '0' ? 'without a lease' : `by the lease ${leaseText(lease)}`;
  return `lost ${showKey(key)} to somebody else, who has overwritten it ${by}: it is registered again when that is gone`;
}

export function leaseLostText(loss: LeaseLoss): string {
  return `lost the lease: ${lossText[loss]}; everything is registered again`;
}

/** Why registrations cannot be made or kept now, with the option that it is about. */
export function troubleText(error: Error, key: Key | undefined, user: string | undefined): string {
  const code = codeOf(error);
  if (code === 'ETCD_PERMISSION_DENIED') {
    const whom = user === undefined ? 'a user without --etcd-user' : `--etcd-user ${user}`;
    const what = key === undefined ? 'have a lease' : `read and write --key ${showKey(key)}`;
    return `${whom} may not ${what} (${error.message})`;
  }
  const isAboutUser = code === 'ETCD_AUTH_FAILED' || code === 'ETCD_TOKEN_REFUSED';
  return `${isAboutUser ? '--etcd-user' : '--etcd'}: ${error.message}`;
}

export function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}
