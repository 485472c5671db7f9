import { backoffMs } from '../../backoff.ts';
import { momentOf, sleep } from '../../clock.ts';
import { hasCode, TerminalError } from '../../errors.ts';
import type { EtcdClient } from '../client/client.ts';
import { leaseGrantRpc, leaseRevokeRpc, leaseTimeToLiveRpc } from '../client/rpc.ts';
import type { EtcdDeps } from '../options.ts';
import type { LeaseTime } from '../types.ts';
import type { Hold } from './lease-deadline.ts';

/** What leases need of the client. */
export type LeaseClient = Pick<EtcdClient, 'read' | 'write' | 'openStream' | 'members'>;

const retryBackoff = { baseMs: 50, maxMs: 500, jitter: 0.5 };

/**
 * Grants a lease of that id, tried until etcd answers. The id is ours, so that a repeated grant makes no second lease: where etcd has it already, an
 * earlier try came through. `failed` is told of each try that did not.
 */
export async function grantLease(
  client: LeaseClient,
  lease: { readonly id: string; readonly ttlSeconds: number },
  deps: EtcdDeps,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): Promise<Hold> {
  return await persistently(deps, signal, failed, async () => {
    const sent = momentOf(deps.clock);
    try {
      const request = { ID: lease.id, TTL: lease.ttlSeconds };
      const granted = await client.write(leaseGrantRpc, request, { signal });
      return { sent, ttlMs: Number(granted.TTL) * 1_000 };
    } catch (error) {
      if (!hasCode(error, 'ETCD_LEASE_EXISTS')) {
        throw error;
      }
      return await holdOfExisting(client, lease.id, deps, signal);
    }
  });
}

/** What etcd says of a lease that it has. Its full TTL counts from when it was granted, which the time that remains tells. */
async function holdOfExisting(
  client: LeaseClient,
  id: string,
  { clock }: EtcdDeps,
  signal: AbortSignal,
): Promise<Hold> {
  const now = momentOf(clock);
  const { TTL, grantedTTL } = await client.read(leaseTimeToLiveRpc, { ID: id }, { signal });
  const [remainingMs, ttlMs] = [Number(TTL) * 1_000, Number(grantedTTL) * 1_000];
  const passedMs = ttlMs - remainingMs;
  const sent = {
    monotonic: now.monotonic - passedMs,
    boottime: now.boottime === undefined ? undefined : now.boottime - passedMs,
  };
  return { sent, ttlMs };
}

/** What etcd says of a lease (its id in decimal); undefined where it knows none of that id. */
export async function leaseTime(
  client: Pick<LeaseClient, 'read'>,
  id: string,
  signal: AbortSignal,
): Promise<LeaseTime | undefined> {
  const { TTL, grantedTTL } = await client.read(leaseTimeToLiveRpc, { ID: id }, { signal });
  // -1 where etcd does not know the lease.
  return Number(TTL) < 0 ? undefined : { grantedSeconds: Number(grantedTTL), remainingSeconds: Number(TTL) };
}

/** Milliseconds that a lease has at most until it ends, unless it is renewed; 0 where etcd does not know it. */
export async function leaseRemainingMs(
  client: LeaseClient,
  id: string,
  signal: AbortSignal,
): Promise<number> {
  const { TTL } = await client.read(leaseTimeToLiveRpc, { ID: id }, { signal });
  // etcd rounds down.
  return Math.max(0, (Number(TTL) + 1) * 1_000);
}

/** Revokes a lease, tried until etcd has done so or does not know it. */
export async function revokeLease(
  client: LeaseClient,
  id: string,
  deps: EtcdDeps,
  signal: AbortSignal,
): Promise<void> {
  await persistently(
    deps,
    signal,
    () => {},
    async () => {
      try {
        await client.write(leaseRevokeRpc, { ID: id }, { signal });
      } catch (error) {
        if (!hasCode(error, 'ETCD_LEASE_NOT_FOUND')) {
          throw error;
        }
      }
    },
  );
}

/** Tries until it works, cannot work, or `signal` aborts, whose reason is thrown then. */
async function persistently<T>(
  { clock, random = Math.random }: EtcdDeps,
  signal: AbortSignal,
  failed: (error: unknown) => void,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || error instanceof TerminalError) {
        throw error;
      }
      failed(error);
    }
    await sleep(clock, backoffMs(tried, { ...retryBackoff, random }), signal);
  }
}
