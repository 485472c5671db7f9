import { codeOf, messageOf } from '../../errors.ts';
import type { Logger } from '../../telemetry/logging.ts';
import type { FinishedRun } from './work-queue.ts';

/** What is no failure worth a warning: somebody was faster, or this replica does not lead for the moment. */
const passing = ['KUBE_CONFLICT', 'NOT_LEADING', 'TERM_ENDED'];

/** What a queue holds, as fields of log lines name it. */
export type QueuedKind = 'etcdService' | 'etcdRegistry' | 'etcdCatalog';

/** One line for a reconcile that failed. */
export function logFailure(
  log: Logger,
  kind: QueuedKind,
  { key, result, error, failures, retryInMs }: FinishedRun<string>,
): void {
  if (result === 'success' || result === 'requeue_after') {
    return;
  }
  const reason = codeOf(error) ?? 'UnknownError';
  const retry = retryInMs === undefined ? {} : { retryInMs: Math.round(retryInMs) };
  const fields = { [kind]: key, reason, failures, ...retry };
  if (result === 'panic') {
    log.error({ ...fields, error }, 'Could not reconcile because of a defect');
  } else if (passing.includes(reason)) {
    log.debug({ ...fields, problem: messageOf(error) }, 'Could not reconcile');
  } else {
    log.warn({ ...fields, problem: messageOf(error) }, 'Could not reconcile');
  }
}
