import type { FinishedRun, QueueObserver, QueueSnapshot, RunResult } from '../controller/queue/work-queue.ts';
import type { Metrics } from './metrics.ts';

/** An observer that writes controller-runtime's and client-go's metrics of one controller and its queue. */
export function queueMetrics<Key>(metrics: Metrics, controller: string): QueueObserver<Key> {
  const queue = { name: controller };
  return {
    added: () => metrics.queueAdds.inc(queue),
    started: (waitedMs) => metrics.queueSeconds.observe(queue, waitedMs / 1000),
    finished: (run) => countRun(metrics, controller, run),
  };
}

/** Sets the gauges of a queue; to be called when metrics are scraped. */
export function setQueueGauges(metrics: Metrics, controller: string, queue: QueueSnapshot): void {
  metrics.maxConcurrentReconciles.set({ controller }, queue.workers);
  metrics.activeWorkers.set({ controller }, queue.running);
  metrics.queueDepth.set({ name: controller }, queue.waiting);
  metrics.unfinishedWorkSeconds.set({ name: controller }, queue.unfinishedMs / 1000);
  metrics.longestRunningSeconds.set({ name: controller }, queue.longestRunningMs / 1000);
}

function countRun<Key>(metrics: Metrics, controller: string, run: FinishedRun<Key>): void {
  const seconds = run.durationMs / 1000;
  metrics.workSeconds.observe({ name: controller }, seconds);
  metrics.reconcileSeconds.observe({ controller }, seconds);
  metrics.reconciles.inc({ controller, result: countedAs(run.result) });
  if (countedAs(run.result) === 'error') {
    metrics.reconcileErrors.inc({ controller });
  }
  if (run.result === 'terminal') {
    metrics.terminalReconcileErrors.inc({ controller });
  }
  if (run.result === 'panic') {
    metrics.reconcilePanics.inc({ controller });
  }
  if (run.retryInMs !== undefined) {
    metrics.queueRetries.inc({ name: controller });
  }
}

/** controller-runtime counts terminal errors and panics as errors too. */
function countedAs(result: RunResult): 'success' | 'requeue_after' | 'error' {
  return result === 'terminal' || result === 'panic' ? 'error' : result;
}
