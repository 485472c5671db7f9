import type { KubeObject } from '../kube/types.ts';

/** Names that mark the EtcdServices of a catalog. */

/** The catalog that made an EtcdService. It stands for an owner reference: see docs/adr/0014. */
export const catalogLabel = 'etcd-endpoints.io/catalog';

export const catalogAnnotations = {
  /** What the catalog asked for last, as JSON (applied.ts). */
  applied: 'etcd-endpoints.io/catalog-applied',
  /** When the last key of the service went, RFC 3339. */
  emptySince: 'etcd-endpoints.io/empty-since',
} as const;

/** The catalog that made an object, where one has: values of an index. */
export function catalogOf({ metadata }: KubeObject): readonly string[] {
  const name = metadata.labels?.[catalogLabel];
  return name === undefined ? [] : [name];
}
