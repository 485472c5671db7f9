import { createHash } from 'node:crypto';
import type { EtcdCatalogSpec } from '../api/etcd-catalog.ts';
import { type EtcdService, etcdServiceResource } from '../api/etcd-service.ts';
import type { Assigned } from './assign.ts';
import { holds } from './holds.ts';
import { catalogAnnotations, catalogLabel } from './marks.ts';

export interface GeneratedWish {
  readonly catalog: string;
  readonly registryRef?: { readonly name: string } | undefined;
  readonly separator: string;
  /** Whether keys below a service are its instances; else the one key is the registration. */
  readonly hasInstances: boolean;
  /** What each EtcdService is made from. */
  readonly template: EtcdCatalogSpec['template'];
}

/** The EtcdService of one service, as its catalog asks for it. */
export function generate(wish: GeneratedWish, { namespace, name, service }: Assigned): EtcdService {
  const { template, registryRef, separator } = wish;
  const labels = { ...template.metadata?.labels, [catalogLabel]: wish.catalog };
  const annotations = { ...template.metadata?.annotations };
  const spec = {
    ...template.spec,
    ...(registryRef === undefined ? {} : { registryRef }),
    ...(wish.hasInstances
      ? { prefix: service.source.slice(0, -separator.length), separator }
      : { key: service.source }),
  };
  const applied = hash({ labels, annotations, spec });
  return {
    apiVersion: `${etcdServiceResource.group}/${etcdServiceResource.version}`,
    kind: etcdServiceResource.kind,
    metadata: {
      namespace,
      name,
      labels,
      annotations: { ...annotations, [catalogAnnotations.applied]: applied },
    },
    spec,
  };
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** What stands, with what is wanted in its place; undefined where it says that already. Labels and annotations of others stay. */
export function updated(existing: EtcdService, wanted: EtcdService): EtcdService | undefined {
  const { labels = {}, annotations: { [catalogAnnotations.emptySince]: emptySince, ...annotations } = {} } =
    existing.metadata;
  const isSame =
    emptySince === undefined &&
    holds(labels, wanted.metadata.labels) &&
    holds(annotations, wanted.metadata.annotations) &&
    holds(existing.spec, wanted.spec);
  if (isSame) {
    return undefined;
  }
  return {
    ...existing,
    metadata: {
      ...existing.metadata,
      labels: { ...labels, ...wanted.metadata.labels },
      annotations: { ...annotations, ...wanted.metadata.annotations },
    },
    spec: wanted.spec,
  };
}

/** When the last key of a service went, in wall-clock milliseconds; undefined where nobody has said so, or not in a time. */
export function emptySince({ metadata }: EtcdService): number | undefined {
  const time = Date.parse(metadata.annotations?.[catalogAnnotations.emptySince] ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** The same EtcdService, with the time at which it turned empty. */
export function markEmpty(object: EtcdService, now: number): EtcdService {
  const annotations = {
    ...object.metadata.annotations,
    [catalogAnnotations.emptySince]: new Date(now).toISOString(),
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** Where the registrations of an EtcdService stand, in the form of a found service's `source`. */
export function sourceOf({ spec }: EtcdService, separator: string): string | undefined {
  const { prefix, key } = (spec ?? {}) as { readonly prefix?: unknown; readonly key?: unknown };
  if (typeof key === 'string') {
    return key;
  }
  return typeof prefix === 'string' ? `${prefix}${separator}` : undefined;
}
