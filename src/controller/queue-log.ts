import { codeOf, messageOf } from '../errors.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { FinishedRun } from './work-queue.ts';

/** One line for a reconcile that failed. A conflict is no more than somebody having been faster: it is tried again at once. */
export function logFailure(
  log: Logger,
  { key, result, error, failures, retryInMs }: FinishedRun<string>,
): void {
  if (result === 'success' || result === 'requeue_after') return;
  const reason = codeOf(error) ?? 'UnknownError';
  const retry = retryInMs === undefined ? {} : { retryInMs: Math.round(retryInMs) };
  const fields = { etcdService: key, reason, failures, ...retry };
  if (result === 'panic') log.error({ ...fields, error }, 'Could not reconcile because of a defect');
  else if (reason === 'KUBE_CONFLICT')
    log.debug({ ...fields, problem: messageOf(error) }, 'Could not reconcile');
  else log.warn({ ...fields, problem: messageOf(error) }, 'Could not reconcile');
}
