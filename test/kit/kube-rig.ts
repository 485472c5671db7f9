import { expect, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type CacheOptions, createCache } from '../../src/kube/cache.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { CallReport, KubeClientOptions, KubeDeps } from '../../src/kube/options.ts';
import type { KubeClient, KubeObject, Resource, WatchedCache } from '../../src/kube/types.ts';
import { loggable } from '../../src/telemetry/loggable.ts';
import { eventually } from './eventually.ts';
import { ScriptedApiserver } from './scripted-apiserver.ts';
import { contentOf, ScriptedCollection } from './scripted-collection.ts';

/** A client under test with all that it says of itself. Everything here ends with the test that made it. */
export interface KubeRig {
  readonly client: KubeClient;
  readonly deps: KubeDeps;
  readonly calls: CallReport[];
  readonly warnings: { readonly text: string; readonly first: boolean }[];
  /** Every log line, as JSON. */
  readonly logLines: string[];
}

export function kubeRig(options: Partial<KubeClientOptions>, callbacks: Partial<KubeDeps> = {}): KubeRig {
  const calls: CallReport[] = [];
  const warnings: KubeRig['warnings'] = [];
  const logLines: string[] = [];
  const note = (fields: object, message: string): void => {
    logLines.push(JSON.stringify({ ...loggable(fields), message }));
  };
  const deps: KubeDeps = {
    clock: systemClock,
    log: { debug: note, info: note, warn: note },
    onCall: (call) => calls.push(call),
    onWarning: (warning) => warnings.push(warning),
    ...callbacks,
  };
  const client = createKubeClient({ userAgent: () => 'etcd-endpoints/test (replica-1)', ...options }, deps);
  onTestFinished(() => client.close());
  return { client, deps, calls, warnings, logLines };
}

/** An apiserver that a test scripts. */
export async function scriptedApiserver(): Promise<ScriptedApiserver> {
  const apiserver = await ScriptedApiserver.start();
  onTestFinished(() => apiserver.stop());
  return apiserver;
}

export interface ScriptedRig extends KubeRig {
  readonly apiserver: ScriptedApiserver;
}

/** A client of an apiserver that a test scripts. */
export async function scriptedRig(options: Partial<KubeClientOptions> = {}): Promise<ScriptedRig> {
  const apiserver = await scriptedApiserver();
  return { apiserver, ...kubeRig({ kubeconfig: apiserver.kubeconfig, ...options }) };
}

export interface CacheRig<T extends KubeObject> extends ScriptedRig {
  readonly collection: ScriptedCollection;
  readonly cache: WatchedCache<T>;
  /** Changes told by the cache: `+name`, `~name`, `-name`. */
  readonly changes: string[];
  /** Returns once the cache holds what the collection holds. */
  converged(): Promise<void>;
}

/** Fast pauses, so that a test that provokes many need not wait. */
export const FAST_BACKOFF = { baseMs: 5, maxMs: 40, jitter: 0.5 };

/** A started and synced cache of a collection with the objects a, b and c. */
export async function cacheRig<T extends KubeObject>(
  resource: Resource<T>,
  options: Partial<KubeClientOptions> & { readonly cache?: CacheOptions<T> } = {},
): Promise<CacheRig<T>> {
  const collection = new ScriptedCollection(resource);
  for (const name of ['a', 'b', 'c']) {
    collection.put(name);
  }
  const rig = await scriptedRig(options);
  rig.apiserver.serve(collection.script);
  const settings = { backoff: FAST_BACKOFF, transform: deepFreeze<T>, ...options.cache };
  const cache = createCache(rig.client, resource, settings, rig.deps);
  onTestFinished(() => cache.close());
  const changes = recordChanges(cache);
  cache.start();
  await cache.untilSynced(AbortSignal.timeout(10_000));
  await eventually(() => expect(collection.openWatches.length).toBeGreaterThan(0));
  const converged = (): Promise<void> =>
    eventually(() => expect(contentOf(cache.list())).toEqual(collection.content));
  return { ...rig, collection, cache, changes, converged };
}

/** Makes every change of what a cache holds an error. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

/** What a cache tells: `+name` for a new object, `~name` for a changed one, `-name` for one that is gone. */
export function recordChanges<T extends KubeObject>(cache: WatchedCache<T>): string[] {
  const changes: string[] = [];
  cache.onChange((before, after) => {
    const sign = before === undefined ? '+' : after === undefined ? '-' : '~';
    changes.push(`${sign}${(after ?? before)?.metadata.name}`);
  });
  return changes;
}
