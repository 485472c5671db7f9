import type { EtcdService, EtcdServiceSpec } from '../../api/etcd-service.ts';
import type { AssignContext } from '../../catalog/assign.ts';
import { type GeneratedWish, sourceOf } from '../../catalog/generated.ts';
import { catalogOf } from '../../catalog/marks.ts';
import type { Namespace } from '../../kube/resources.ts';
import type { Cache } from '../../kube/types.ts';
import type { OwnWrites } from '../publish/own-writes.ts';
import type { Asker } from '../registries/registries.ts';
import { Refusal } from '../status/refusal.ts';

export interface AssignContextDeps {
  readonly etcdServices: OwnWrites<EtcdService>;
  /** Namespaces whose EtcdServices are served; empty: all. */
  readonly served: readonly string[];
  readonly namespaces: Pick<Cache<Namespace>, 'get'>;
  /** Throws a {@link Refusal} where the registry is not for this EtcdService. */
  readonly registries: { of(asker: Asker): object };
}

/** What Kubernetes and the registry's grants say of where the services of a catalog may go. `sample` is the spec of any of its EtcdServices. */
export function assignContext(
  wish: GeneratedWish,
  sample: EtcdServiceSpec,
  { served, namespaces, etcdServices, registries }: AssignContextDeps,
): AssignContext {
  const standing = (namespace: string, name: string): EtcdService | undefined =>
    etcdServices.get(`${namespace}/${name}`);
  return {
    hasNamespace(name) {
      if (served.length > 0 && !served.includes(name)) {
        return false;
      }
      const namespace = namespaces.get(name);
      return namespace !== undefined && namespace.metadata.deletionTimestamp === undefined;
    },
    mayRead(namespace, service) {
      // Every rule holds of the sample, and grants look at the keys alone: thousands of specs need not be made and checked for them.
      const keys = wish.hasInstances ? { prefix: service.source } : { key: service.source };
      try {
        return !('pending' in registries.of({ namespace, spec: { ...sample, ...keys } }));
      } catch (error) {
        if (error instanceof Refusal) {
          return false;
        }
        throw error;
      }
    },
    standingSource(namespace, name) {
      const existing = standing(namespace, name);
      return existing && catalogOf(existing).includes(wish.catalog)
        ? sourceOf(existing, wish.separator)
        : undefined;
    },
    rival(namespace, name) {
      const existing = standing(namespace, name);
      return existing && catalogOf(existing).find((catalog) => catalog !== wish.catalog);
    },
  };
}
