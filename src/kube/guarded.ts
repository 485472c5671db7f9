import type { KubeLog } from './options.ts';

/** A callback from outside that cannot throw into us; absent, it does nothing. */
export function guarded<Args extends unknown[]>(
  callback: ((...args: Args) => void) | undefined,
  log: KubeLog,
): (...args: Args) => void {
  return (...args) => {
    try {
      callback?.(...args);
    } catch (error) {
      log.warn({ error }, 'A callback of the Kubernetes client failed');
    }
  };
}
