import type { Service, ServiceSpec } from '../kube/resources.ts';
import { annotations } from './labels.ts';
import { type ServiceWish, wishedService, wishedSpec } from './plan-service.ts';

/** Whether a Service is a mere name in DNS, without endpoints. */
export function isExternalName(service: Service): boolean {
  return service.spec?.type === 'ExternalName';
}

/** How an ExternalName Service becomes one that has endpoints. */
export interface Conversion {
  /** The Service as far as it is known before the apiserver has given it addresses: what is published for it is made for this one. */
  readonly service: Service;
  /** A merge patch that makes it so: refused where the Service has changed since. */
  readonly patch: object;
}

/**
 * The conversion of an ExternalName Service that stands. It stays its maker's: all else of it is left as it is, and what it was is kept in an
 * annotation. Type, ports and address come in one write, so that clients resolve it to the name before and to the address after it.
 */
export function convertService(wish: ServiceWish, existing: Service): Conversion {
  const { type, externalName, ports } = existing.spec ?? {};
  const { labels, annotations: marks } = wishedService({ ...wish, isAdopted: true }).metadata;
  const adoptedFrom = JSON.stringify({ type, externalName, ...(ports === undefined ? {} : { ports }) });
  const spec = convertedSpec(wish);
  const { externalName: _, ...kept } = existing.spec ?? {};
  return {
    service: { ...existing, spec: { ...kept, ...spec } },
    patch: {
      metadata: {
        uid: existing.metadata.uid,
        resourceVersion: existing.metadata.resourceVersion,
        labels,
        annotations: { ...marks, [annotations.adoptedFrom]: adoptedFrom },
      },
      spec: { ...spec, externalName: null },
    },
  };
}

/** What every supported server knows: a preference of traffic can be added later. */
function convertedSpec(wish: ServiceWish): ServiceSpec {
  const { trafficDistribution: _, ...spec } = wishedSpec(wish);
  return spec;
}
