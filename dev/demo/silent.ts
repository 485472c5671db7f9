import type { KubeLog } from '../../src/kube/options.ts';

/** The demo's own look at Kubernetes is no part of the story that it tells. */
export const silent: KubeLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
};
