import type { RejectedSample } from '../endpoints/desired.ts';
import type { Counts } from '../endpoints/types.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { Change } from './recording-writer.ts';

/** What the condition Ready would say, or the code of an error. */
export interface Verdict {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** What the controller would do for one EtcdService. */
export interface ServicePlan {
  /** `namespace/name` of the EtcdService. */
  readonly key: ObjectKey;
  /** The Service that it fills, where that is known. */
  readonly service?: ObjectKey;
  /** Undefined where the spec asks to write nothing. */
  readonly verdict: Verdict | undefined;
  readonly instances?: Counts;
  readonly rejected?: readonly RejectedSample[];
  /** In the order of the writes. */
  readonly changes: readonly Change[];
  /** What else a reader should know. */
  readonly notes: readonly string[];
}

export interface Plan {
  readonly services: readonly ServicePlan[];
  readonly notes: readonly string[];
}

/** The exit codes of `plan`: those of `diff`, and not those of the other commands. */
export const planExitCodes = { nothing: 0, changes: 1, failure: 2 } as const;

/** Whether something is refused, or there is something to do. */
export function exitCodeOf({ services }: Plan): number {
  if (services.some(({ verdict }) => verdict?.status === 'False')) {
    return planExitCodes.failure;
  }
  return services.some(({ changes }) => changes.length > 0) ? planExitCodes.changes : planExitCodes.nothing;
}
