import { RetryableError } from '../errors.ts';

/**
 * A check for one run, asked before each of its writes: a run that outlives its term must not write in the next one, which has not listed for
 * it. `leadsSince` tells, in monotonic milliseconds, when the term under way began. The check throws where that is another by now.
 */
export function termGuard(leadsSince: () => number): () => void {
  const since = leadsSince();
  return () => {
    if (leadsSince() !== since) {
      throw new RetryableError('TERM_ENDED', 'the term of this reconcile is over');
    }
  };
}
