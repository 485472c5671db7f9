/**
 * The record in a Lease, by the rules of client-go's tools/leaderelection, so that its users can stand against us and `kubectl get lease`
 * shows who leads.
 */
import { randomBytes } from 'node:crypto';
import type { Lease } from './resources.ts';

/** Who writes a record. */
export interface Claimant {
  readonly namespace: string;
  readonly name: string;
  /** As {@link newHolder} made it. */
  readonly holder: string;
  readonly ttlSeconds: number;
}

/** The identity with something behind it that no other replica has, not even the same one after a restart. */
export function newHolder(identity: string): string {
  return `${identity}_${randomBytes(4).toString('hex')}`;
}

/** The identity that a holder was made of; any other name as it is. */
export function identityOf(holder: string): string {
  return holder.replace(/_[0-9a-f]{8}$/, '');
}

/** Who holds the Lease; empty where it was released. */
export function holderOf(lease: Lease): string {
  return lease.spec?.holderIdentity ?? '';
}

/** Number of the term that the record stands for: the transitions, counted from 1. */
export function termOf(lease: Lease): number {
  return (lease.spec?.leaseTransitions ?? 0) + 1;
}

/**
 * The Lease as the claimant takes it over, for the term of this number. Unlike in client-go the number grows also where the claimant was the
 * holder before: each term has its own.
 */
export function takenLease(found: Lease | undefined, claimant: Claimant, term: number, now: number): Lease {
  const { namespace, name, holder, ttlSeconds } = claimant;
  return {
    ...(found ?? {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace },
    }),
    spec: {
      ...found?.spec,
      holderIdentity: holder,
      leaseDurationSeconds: ttlSeconds,
      acquireTime: microTime(now),
      renewTime: microTime(now),
      leaseTransitions: term - 1,
    },
  };
}

export function renewedLease(held: Lease, now: number): Lease {
  const time = microTime(now);
  // The same twice, as after a step of the wall clock, would be no sign of life.
  const renewTime = time === held.spec?.renewTime ? microTime(now + 1) : time;
  return { ...held, spec: { ...held.spec, renewTime } };
}

/** The Lease with nobody in it; one second is the least duration that the apiserver takes. */
export function releasedLease(held: Lease, now: number): Lease {
  return {
    ...held,
    spec: {
      ...held.spec,
      holderIdentity: '',
      leaseDurationSeconds: 1,
      acquireTime: microTime(now),
      renewTime: microTime(now),
    },
  };
}

/** The form of the API's MicroTime, which wants six digits after the second. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}
