import type { Change, MirroredRange } from '../etcd/types.ts';

/** What shows the registrations while they are followed. Nothing here may throw: it is called from the mirror. */
export interface View {
  changed(changes: readonly Change[]): void;
  /** The first list is complete. */
  synced(range: MirroredRange): void;
  /** Why etcd cannot be read now; undefined where it is again. */
  trouble(text: string | undefined): void;
  /** Stops; resolves when what is written has been taken by its reader, or when `signal` aborts. */
  close(signal: AbortSignal): Promise<void>;
}
