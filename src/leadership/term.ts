/** Why a term is over: it was given up, its lease ran out or was taken away, or its key in etcd (the Lease) is no longer what it was. */
export type TermEnd = 'resigned' | 'lease-lost' | 'key-lost';

/** `suspended`: nothing may leave until the lease has been renewed in time and the key found unchanged; then the same term goes on. */
export type TermState = 'active' | 'suspended' | 'ended';

/** One leadership. Its deadline is asked for when a request is dispatched, not when it is queued (design, promise 3). */
export interface Term {
  /**
   * Create revision of the election key; of a Lease its transitions, counted from 1. Numbers of later terms are higher, except after a restore
   * of etcd or after the Lease was deleted.
   */
  readonly number: number;
  readonly state: TermState;
  /** Until when requests may be dispatched, in monotonic milliseconds as known now; not in the future while suspended or ended. */
  writableUntil(): number;
  /** The end of the term at the latest, in monotonic milliseconds as known now: the deadline of each request must lie before it. */
  expiresAt(): number;
  /** Aborted when the term has ended; its reason is a RetryableError with code TERM_ENDED. */
  readonly signal: AbortSignal;
  /** Resolves when the term has ended; never rejects. */
  readonly ended: Promise<TermEnd>;
  /** Calls back at each change of `state`, synchronously; returns a function that ends it. What it throws is logged. */
  onState(listener: (state: TermState) => void): () => void;
}
