/** Why a lease is lost: no keepalive was acknowledged in time, or etcd does not know it (revoked, expired there, etcd restored). */
export type LeaseLoss = 'expired' | 'not-found';

export interface LeaseOptions {
  /** Whole seconds that etcd is asked for; it may grant more. */
  readonly ttlSeconds: number;
}

/** Told what becomes of a lease, synchronously; must not throw. */
export interface LeaseListener {
  /** A keepalive has been acknowledged. */
  renewed?(): void;
  /** Two thirds of the TTL have passed since the last acknowledged keepalive was sent. */
  overdue?(): void;
  /** It is over, once and for all. Not called when we close it ourselves. */
  lost?(reason: LeaseLoss): void;
}
