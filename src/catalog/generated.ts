import { createHash } from 'node:crypto';
import type { EtcdCatalogSpec } from '../api/etcd-catalog.ts';
import { type EtcdService, etcdServiceResource } from '../api/etcd-service.ts';
import { type Applied, appliedTo } from './applied.ts';
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
  readonly pruneAfterSeconds: number;
}

/** Makes the EtcdService of a service, as its catalog asks for it. What all have in common is worked out once. */
export function generatorOf(wish: GeneratedWish): (assigned: Assigned) => EtcdService {
  const { template, registryRef, separator, pruneAfterSeconds } = wish;
  const { labels = {}, annotations = {} } = template.metadata ?? {};
  const common = {
    template: hash(wish),
    labels: Object.keys(labels),
    annotations: Object.keys(annotations),
    pruneAfterSeconds,
  };
  return ({ namespace, name, service }) => {
    const applied: Applied = { as: `${namespace}/${name}`, ...common };
    const source = wish.hasInstances
      ? { prefix: service.source.slice(0, -separator.length), separator }
      : { key: service.source };
    return {
      apiVersion: `${etcdServiceResource.group}/${etcdServiceResource.version}`,
      kind: etcdServiceResource.kind,
      metadata: {
        namespace,
        name,
        labels: { ...labels, [catalogLabel]: wish.catalog },
        annotations: { ...annotations, [catalogAnnotations.applied]: JSON.stringify(applied) },
      },
      spec: { ...template.spec, ...(registryRef === undefined ? {} : { registryRef }), ...source },
    };
  };
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/**
 * What stands, with what is wanted in its place; undefined where it says that already. Labels and annotations of others stay; those that
 * the template has lost go.
 */
export function updated(existing: EtcdService, wanted: EtcdService): EtcdService | undefined {
  const { labels = {}, annotations = {} } = existing.metadata;
  const isSame =
    annotations[catalogAnnotations.emptySince] === undefined &&
    holds(labels, wanted.metadata.labels) &&
    holds(annotations, wanted.metadata.annotations) &&
    holds(existing.spec, wanted.spec);
  if (isSame) {
    return undefined;
  }
  const before = appliedTo(existing) ?? { labels: [], annotations: [] };
  const stale = [...before.annotations, catalogAnnotations.emptySince];
  return {
    ...existing,
    metadata: {
      ...existing.metadata,
      labels: { ...without(labels, before.labels), ...wanted.metadata.labels },
      annotations: { ...without(annotations, stale), ...wanted.metadata.annotations },
    },
    spec: wanted.spec,
  };
}

function without(map: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !names.includes(name)));
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

/** The same EtcdService without that time; undefined where it has none. */
export function unmarkEmpty(object: EtcdService): EtcdService | undefined {
  const { annotations = {} } = object.metadata;
  if (annotations[catalogAnnotations.emptySince] === undefined) {
    return undefined;
  }
  const kept = without(annotations, [catalogAnnotations.emptySince]);
  return { ...object, metadata: { ...object.metadata, annotations: kept } };
}

/** Where the registrations of an EtcdService stand, in the form of a found service's `source`. */
export function sourceOf({ spec }: EtcdService, separator: string): string | undefined {
  const { prefix, key } = (spec ?? {}) as { readonly prefix?: unknown; readonly key?: unknown };
  if (typeof key === 'string') {
    return key;
  }
  return typeof prefix === 'string' ? `${prefix}${separator}` : undefined;
}
