import { defaultRegistryName } from '../../api/etcd-registry.ts';
import type { EtcdService } from '../../api/etcd-service.ts';

/** The registry that an EtcdService names, readable also where its spec is not valid. */
export function registryNameOf({ spec }: EtcdService): string {
  const named = (spec as { registryRef?: { name?: unknown } } | undefined)?.registryRef?.name;
  return typeof named === 'string' ? named : defaultRegistryName;
}
