import type { Clock } from '../../clock.ts';
import type { Logger } from '../../telemetry/logging.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { queueMetrics } from '../../telemetry/queue-metrics.ts';
import { logFailure, type QueuedKind } from './queue-log.ts';
import { WorkQueue } from './work-queue.ts';

export interface CountedQueueOptions {
  readonly kind: QueuedKind;
  /** The least time between two runs of one key. */
  readonly minIntervalMs: number;
}

export interface CountedQueueDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A queue whose runs are counted under the name of its controller, and whose failures are logged. */
export function countedQueue(
  { kind, minIntervalMs }: CountedQueueOptions,
  { clock, log, metrics }: CountedQueueDeps,
): WorkQueue {
  const counted = queueMetrics<string>(metrics, kind.toLowerCase());
  return new WorkQueue({
    clock,
    minIntervalMs,
    observer: {
      ...counted,
      finished(run) {
        counted.finished(run);
        logFailure(log, kind, run);
      },
    },
  });
}
