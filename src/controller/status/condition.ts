import { type Condition, conditionMessageLimit } from '../../api/condition.ts';

/** What a condition says, without the times and generation that the status adds. */
export interface Finding<Reason extends string = string> {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
  /** Since when, in wall-clock milliseconds, where that was before now: a transition that could not be written at its time. */
  readonly since?: number;
  /** The time of the transition, in wall-clock milliseconds, where that is part of what is said, whatever the condition was before. */
  readonly began?: number;
}

/** A condition keeps its transition time while its status stays. The same object as before where it says the same. */
export function nextCondition(
  type: string,
  { status, reason, message, since = Number.POSITIVE_INFINITY, began }: Finding,
  before: Condition | undefined,
  { generation, now }: { readonly generation: number; readonly now: number },
): Condition {
  const isKept = before?.status === status && began === undefined;
  const lastTransitionTime = isKept
    ? before.lastTransitionTime
    : conditionTime(began ?? Math.min(now, since));
  const cut = cutTo(message, conditionMessageLimit);
  if (
    isKept &&
    before.reason === reason &&
    before.message === cut &&
    before.observedGeneration === generation
  ) {
    return before;
  }
  return { type, status, reason, message: cut, lastTransitionTime, observedGeneration: generation };
}

/** A time, of wall-clock milliseconds, as Kubernetes keeps those of conditions: to the second. */
export function conditionTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** A message that the schema would refuse must not cost the whole status. */
export function cutTo(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}
