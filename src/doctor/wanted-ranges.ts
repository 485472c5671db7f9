import type { EtcdCatalog } from '../api/etcd-catalog.ts';
import { defaultRegistryName } from '../api/etcd-registry.ts';
import type { EtcdService } from '../api/etcd-service.ts';
import { parseCatalogSpec, parseSpec } from '../api/parse.ts';
import { compilePattern } from '../catalog/pattern.ts';
import { keyOf, prefixRange } from '../etcd/key.ts';
import { belowRoot, rangeOf } from '../formats/source.ts';
import type { WantedRange } from './etcd-access.ts';

export interface Wanting {
  readonly services: readonly EtcdService[];
  readonly catalogs: readonly EtcdCatalog[];
}

/** A range, and the registry that it is of. */
type Wanted = WantedRange & { readonly registry: string };

/** What valid EtcdServices and EtcdCatalogs name, by the registry that they name it of. `rootOf` is what stands before all keys of a registry. */
export function wantedRanges(
  { services, catalogs }: Wanting,
  rootOf: (registry: string) => string,
): ReadonlyMap<string, readonly WantedRange[]> {
  const wanted = [
    ...services.flatMap((service) => ofService(service, rootOf)),
    ...catalogs.flatMap((catalog) => ofCatalog(catalog, rootOf)),
  ];
  return Map.groupBy(wanted, ({ registry }) => registry);
}

function ofService(service: EtcdService, rootOf: (registry: string) => string): readonly Wanted[] {
  const parsed = parseSpec(service);
  if ('problems' in parsed) {
    return [];
  }
  const registry = parsed.ok.registryRef?.name ?? defaultRegistryName;
  const range = rangeOf(belowRoot(rootOf(registry), parsed.ok));
  return [{ registry, range, by: `EtcdService ${service.metadata.namespace}/${service.metadata.name}` }];
}

/** A catalog lists all that its pattern may hold: what stands before the first placeholder. */
function ofCatalog(catalog: EtcdCatalog, rootOf: (registry: string) => string): readonly Wanted[] {
  const parsed = parseCatalogSpec(catalog);
  const pattern = 'ok' in parsed ? compilePattern(parsed.ok.pattern, parsed.ok.separator) : undefined;
  if (!('ok' in parsed) || pattern === undefined || 'problem' in pattern) {
    return [];
  }
  const registry = parsed.ok.registryRef?.name ?? defaultRegistryName;
  const range = prefixRange(keyOf(`${rootOf(registry)}${pattern.literal}`));
  return [{ registry, range, by: `EtcdCatalog ${catalog.metadata.name}` }];
}
