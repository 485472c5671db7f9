import type { Term } from './term.ts';

/** Who leads, as the election shows it. */
export interface Leader {
  /** What the leader calls itself: for replicas of ours their identity. */
  readonly identity: string;
  /** Where it stands, readable: the key in etcd, or namespace and name of the Lease. */
  readonly key: string;
  /** Number of its term. */
  readonly term: number;
  /** Whether it is this replica. */
  readonly own: boolean;
}

/** Decides which replica leads. Implemented by `Election` on etcd, and by `LeaseElector` on a Lease of Kubernetes. */
export interface Elector {
  /**
   * Stands for election again and again until `signal` aborts; calls `lead` for each term, one at a time, and waits until it has returned before
   * it resigns or stands again. `lead` returns soon after `term.signal` or `signal` has aborted; before it returns after `signal`, it finishes
   * what it has begun (drain). When `lead` returns while its term lasts, the term is given up. Resolves once resigned: the key is gone then
   * (the Lease released), or goes with its time. Rejects with a TerminalError where standing cannot help, and with what `lead` throws, after resigning.
   */
  run(signal: AbortSignal, lead: (term: Term) => Promise<void>): Promise<void>;
  /** The leader as it was last seen; undefined while there is none or none is known. */
  readonly leader: Leader | undefined;
  /** Calls back when the leader changes; returns a function that ends it. What it throws is logged. */
  onLeader(listener: (leader: Leader | undefined) => void): () => void;
  /** Ends everything at once; resolves when it has. The client is the caller's to close, afterwards. */
  close(): Promise<void>;
}
