/** The one door to client-node, of which nothing but the reader of kubeconfigs is used. */
import { createRequire, registerHooks } from 'node:module';
import type { KubeConfig } from '@kubernetes/client-node';

const reader = '@kubernetes/client-node/dist/config.js';

/**
 * The reader imports the generated clients of all APIs of Kubernetes, 66 MB and a second of CPU time, for a method that we do not call. An empty
 * module stands in for them. The import is no public API of client-node: its exact version is pinned, and tests read kubeconfigs of every kind.
 */
const generated = './gen/index.js';
const standIn =
  'data:text/javascript,export const createConfiguration = undefined, ServerConfiguration = undefined;';

const require = createRequire(import.meta.url);

/** Loads the reader with the first use: a Pod with a service account never needs it. */
export function newKubeConfig(): KubeConfig {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === generated && context.parentURL?.endsWith(reader) === true
        ? { url: standIn, format: 'module', shortCircuit: true }
        : next(specifier, context),
  });
  try {
    const loaded: Pick<typeof import('@kubernetes/client-node'), 'KubeConfig'> = require(reader);
    return new loaded.KubeConfig();
  } finally {
    hooks.deregister();
  }
}
