import type { KubeClientOptions, KubeDeps } from './options.ts';
import { Reads } from './reads.ts';
import { Transport } from './transport.ts';
import type { KubeClient } from './types.ts';
import { Writes } from './writes.ts';

/**
 * The client of one apiserver. Objects are plain JSON in both directions. Opens nothing yet; throws a TerminalError (KUBE_CONFIG) where
 * the kubeconfig names no apiserver.
 */
export function createKubeClient(options: KubeClientOptions, deps: KubeDeps): KubeClient {
  const { maxConnections = 64, rereadFilesMs = 5000, callTimeoutMs = 10_000 } = options;
  const { listTimeoutMs = 60_000, watchIdleMs = 90_000, pageSize = 500 } = options;
  const transport = new Transport({ ...options, maxConnections, rereadFilesMs }, deps);
  const reads = new Reads(transport, { callTimeoutMs, listTimeoutMs, watchIdleMs, pageSize }, deps);
  const writes = new Writes(transport, callTimeoutMs, options.writeGate);
  return {
    server: transport.server,
    namespace: transport.namespace,
    get: (...call) => reads.get(...call),
    list: (...call) => reads.list(...call),
    serves: (...call) => reads.serves(...call),
    version: () => reads.version(),
    pages: (...call) => reads.pages(...call),
    watch: (...call) => reads.watch(...call),
    create: (...call) => writes.create(...call),
    update: (...call) => writes.update(...call),
    updateStatus: (...call) => writes.updateStatus(...call),
    apply: (...call) => writes.apply(...call),
    mergePatch: (...call) => writes.mergePatch(...call),
    delete: (...call) => writes.delete(...call),
    close: () => transport.close(),
  };
}
