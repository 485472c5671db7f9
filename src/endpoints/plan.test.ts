import { describe, expect, it } from 'vitest';
import type { Endpoints, Service } from '../kube/resources.ts';
import type { OwnerReference } from '../kube/types.ts';
import { type EndpointsWish, fromEndpoints, planEndpoints } from './plan-endpoints.ts';
import { planService, portsOf, type ServiceWish } from './plan-service.ts';
import type { DesiredEndpoint, ServicePort } from './types.ts';

const skipMirror = 'endpointslice.kubernetes.io/skip-mirror';
const owner: OwnerReference = {
  apiVersion: 'etcd-endpoints.io/v1alpha1',
  kind: 'EtcdService',
  name: 'web',
  uid: 'u-1',
  controller: true,
  blockOwnerDeletion: false,
};
const http: ServicePort = { name: 'http', port: 80, protocol: 'TCP' };

const endpointsWish = (more: Partial<EndpointsWish> = {}): EndpointsWish => ({
  namespace: 'shop',
  name: 'web',
  etcdService: 'web',
  serviceLabels: { app: 'web' },
  headless: false,
  publishNotReadyAddresses: false,
  skipMirror: false,
  ownerReferences: [owner],
  endpoints: [{ address: '10.0.0.1', ready: true, ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] }],
  ...more,
});
const serviceWish = (more: Partial<ServiceWish> = {}): ServiceWish => ({
  namespace: 'shop',
  name: 'web',
  etcdService: 'web',
  headless: false,
  ports: [http],
  labels: {},
  annotations: {},
  ownerReferences: [owner],
  isAdopted: false,
  ...more,
});

/** An object as the apiserver has stored it: frozen, since nothing that comes from a cache may be changed. */
function stored<T extends { metadata: object }>(object: T): T {
  const copy = structuredClone({
    ...object,
    metadata: {
      ...object.metadata,
      uid: 'e-1',
      resourceVersion: '7',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
  });
  return deepFreeze(copy);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(Object.freeze(value)).forEach(deepFreeze);
  }
  return value;
}

function endpointsOf(wish: EndpointsWish, existing?: Endpoints): Endpoints {
  const plan = planEndpoints(wish, existing);
  if (plan.action === 'none') {
    throw new Error('nothing is planned');
  }
  return plan.object;
}

describe('the plan for Endpoints', () => {
  it('creates them with the labels of the Service, ours, and the owner', () => {
    expect(endpointsOf(endpointsWish())).toMatchObject({
      metadata: {
        labels: {
          app: 'web',
          'etcd-endpoints.io/etcdservice': 'web',
          'endpoints.kubernetes.io/managed-by': 'etcd-endpoints.io',
        },
        ownerReferences: [owner],
      },
      subsets: [{ addresses: [{ ip: '10.0.0.1' }] }],
    });
  });

  it('writes nothing where nothing differs', () => {
    const existing = stored(endpointsOf(endpointsWish()));
    expect(planEndpoints(endpointsWish(), existing)).toEqual({ action: 'none' });
  });

  it('updates with the version that it has seen', () => {
    const existing = stored(endpointsOf(endpointsWish()));
    const plan = planEndpoints(endpointsWish({ endpoints: [] }), existing);
    expect(plan).toMatchObject({
      action: 'update',
      object: { metadata: { uid: 'e-1', resourceVersion: '7' }, subsets: [] },
    });
  });

  it('takes away a label that the Service has lost, and leaves annotations of others', () => {
    const existing = stored({
      ...endpointsOf(endpointsWish()),
      metadata: {
        ...endpointsOf(endpointsWish()).metadata,
        annotations: { ...endpointsOf(endpointsWish()).metadata.annotations, 'example.com/note': 'x' },
      },
    });
    const { metadata } = endpointsOf(endpointsWish({ serviceLabels: {} }), existing);
    expect(metadata.labels).not.toHaveProperty('app');
    expect(metadata.annotations).toEqual({ 'example.com/note': 'x' });
  });

  it('does not fight over a label that somebody else has added', () => {
    const object = endpointsOf(endpointsWish());
    const labelled = { ...object.metadata.labels, 'example.com/tracked': 'yes' };
    const existing = stored({ ...object, metadata: { ...object.metadata, labels: labelled } });
    expect(planEndpoints(endpointsWish(), existing)).toEqual({ action: 'none' });
  });

  it('keeps Kubernetes from mirroring exactly while it is asked to', () => {
    const skipping = endpointsOf(endpointsWish({ skipMirror: true }));
    expect(skipping.metadata.labels).toHaveProperty(skipMirror, 'true');
    expect(planEndpoints(endpointsWish({ skipMirror: true }), stored(skipping))).toEqual({ action: 'none' });
    expect(endpointsOf(endpointsWish(), stored(skipping)).metadata.labels).not.toHaveProperty(skipMirror);
  });

  it('lists what is not ready among the ready ones where the Service publishes such addresses, but not what drains', () => {
    const ports = [{ name: 'http', port: 8080, protocol: 'TCP' }] as const;
    const endpoints = [
      { address: '10.0.0.1', ready: false, ports },
      { address: '10.0.0.2', ready: false, ports, drainUntil: 0 },
    ];
    const [subset] = endpointsOf(endpointsWish({ endpoints, publishNotReadyAddresses: true })).subsets ?? [];
    expect(subset?.addresses).toEqual([{ ip: '10.0.0.1' }]);
    expect(subset?.notReadyAddresses).toEqual([{ ip: '10.0.0.2' }]);
  });

  it('says until when the last endpoint drains, and can be read back', () => {
    const ports = [{ name: 'http', port: 8080, protocol: 'TCP' }] as const;
    const draining = (address: string, drainUntil: number): DesiredEndpoint => ({
      address,
      ready: false,
      ports,
      drainUntil,
    });
    const ready = { address: '10.0.0.1', ready: true, ports };
    const wish = endpointsWish({
      endpoints: [ready, draining('10.0.0.2', 5000), draining('10.0.0.3', 7000)],
    });
    const object = endpointsOf(wish);
    expect(object.metadata.annotations?.['etcd-endpoints.io/draining-until']).toBe(
      '1970-01-01T00:00:07.000Z',
    );
    expect(fromEndpoints(object)).toEqual([ready, draining('10.0.0.2', 7000), draining('10.0.0.3', 7000)]);
    const after = endpointsOf(endpointsWish({ endpoints: [ready] }), stored(object));
    expect(after.metadata.annotations).not.toHaveProperty('etcd-endpoints.io/draining-until');
  });

  it('gives hostnames to headless Services alone', () => {
    const ports = [{ name: 'http', port: 8080, protocol: 'TCP' }] as const;
    const endpoints = [{ address: '10.0.0.1', ready: true, ports, hostname: 'a' }];
    const addresses = (headless: boolean): unknown =>
      endpointsOf(endpointsWish({ endpoints, headless })).subsets?.[0]?.addresses;
    expect(addresses(true)).toEqual([{ ip: '10.0.0.1', hostname: 'a' }]);
    expect(addresses(false)).toEqual([{ ip: '10.0.0.1' }]);
  });

  it('never copies a label that would keep Kubernetes from mirroring', () => {
    const serviceLabels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
    const { labels: marks } = endpointsOf(endpointsWish({ serviceLabels })).metadata;
    expect(marks).not.toHaveProperty(['endpointslice.kubernetes.io/skip-mirror']);
  });

  it('says when addresses are left out, and takes it back when they fit again', () => {
    const many = Array.from({ length: 1001 }, (_, index) => ({
      address: `10.0.${index >> 8}.${index & 255}`,
      ready: true,
      ports: [],
    }));
    const full = endpointsOf(endpointsWish({ endpoints: many }));
    const overCapacity = ['endpoints.kubernetes.io/over-capacity'];
    expect(full.metadata.annotations).toHaveProperty(overCapacity, 'truncated');
    expect(endpointsOf(endpointsWish(), stored(full)).metadata.annotations).not.toHaveProperty(overCapacity);
  });

  it('marks the Endpoints of a headless Service', () => {
    const { metadata } = endpointsOf(endpointsWish({ headless: true }));
    expect(metadata.labels).toHaveProperty(['service.kubernetes.io/headless'], '');
  });

  it('follows a change of owner', () => {
    const existing = stored(endpointsOf(endpointsWish()));
    const next = endpointsWish({ ownerReferences: [{ ...owner, name: 'other', uid: 'u-2' }] });
    expect(planEndpoints(next, existing).action).toBe('update');
  });
});

describe('the plan for a Service', () => {
  const applied = (wish: ServiceWish): Service => {
    const service = planService(wish, undefined);
    if (service === undefined) {
      throw new Error('nothing is planned');
    }
    return service;
  };

  it('applies nothing where the Service says it all, with defaults and fields of others', () => {
    const service = applied(serviceWish());
    const existing = stored({
      ...service,
      metadata: { ...service.metadata, labels: { ...service.metadata.labels, theirs: 'x' } },
      spec: {
        ...service.spec,
        clusterIP: '10.96.0.7',
        ports: [{ name: 'http', port: 80, protocol: 'TCP' as const, targetPort: 80 }],
      },
    });
    expect(planService(serviceWish(), existing)).toBeUndefined();
  });

  it.each([
    ['a port is renamed', { ports: [{ ...http, name: 'web' }] }],
    ['a port is removed', { ports: [] }],
    ['a label is asked for', { labels: { team: 'shop' } }],
    ['an owner is added', { ownerReferences: [owner, { ...owner, uid: 'u-2', controller: false }] }],
    ['traffic is to stay close', { trafficDistribution: 'PreferClose' }],
  ] as const)('applies when %s', (_, more) => {
    expect(planService(serviceWish(more), stored(applied(serviceWish())))).toBeDefined();
  });

  it('applies when a label of ours was asked for before and is not any more', () => {
    const existing = stored(applied(serviceWish({ labels: { team: 'shop' } })));
    expect(planService(serviceWish(), existing)?.metadata.labels).not.toHaveProperty('team');
  });

  it('applies when somebody has changed a field of ours', () => {
    const service = applied(serviceWish());
    const changed = stored({ ...service, spec: { ...service.spec, type: 'NodePort' as const } });
    expect(planService(serviceWish(), changed)).toBeDefined();
  });

  it('does not fight with a server that drops a field which it does not know', () => {
    const wish = serviceWish({ trafficDistribution: 'PreferClose' });
    const { trafficDistribution: _, ...dropped } = applied(wish).spec ?? {};
    expect(planService(wish, stored({ ...applied(wish), spec: dropped }))).toBeUndefined();
    const changed = { ...dropped, trafficDistribution: 'PreferSameNode' };
    expect(planService(wish, stored({ ...applied(wish), spec: changed }))).toBeDefined();
  });

  it('does not fight over a port that somebody else has added', () => {
    const service = applied(serviceWish());
    const ports = [...(service.spec?.ports ?? []), { name: 'theirs', port: 99, protocol: 'TCP' as const }];
    expect(
      planService(serviceWish(), stored({ ...service, spec: { ...service.spec, ports } })),
    ).toBeUndefined();
  });

  it('takes away a name that somebody gave to an unnamed port', () => {
    const wish = serviceWish({ ports: [{ ...http, name: '' }] });
    const unnamed = { port: 80, protocol: 'TCP' as const };
    const service = applied(wish);
    const withPorts = (ports: object[]): Service =>
      stored({ ...service, spec: { ...service.spec, ports: ports as [typeof unnamed] } });
    expect(planService(wish, withPorts([unnamed]))).toBeUndefined();
    expect(planService(wish, withPorts([{ ...unnamed, name: 'first' }]))).toBeDefined();
  });

  it('leaves the spec and the labels of an adopted Service to its maker', () => {
    const service = applied(serviceWish({ isAdopted: true, labels: { team: 'shop' } }));
    expect(service).not.toHaveProperty('spec');
    expect(service.metadata.labels).toEqual({ 'etcd-endpoints.io/etcdservice': 'web' });
    expect(service.metadata.annotations).toHaveProperty(['etcd-endpoints.io/adopted'], 'true');
  });

  it('gives a headless Service no address', () => {
    expect(applied(serviceWish({ headless: true })).spec?.clusterIP).toBe('None');
  });
});

describe('the ports of a Service that stands already', () => {
  it('take a number, which may be a default, only where a registration names no port', () => {
    const service: Service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: {
        ports: [
          { name: 'http', port: 80, targetPort: 80 },
          { name: 'grpc', port: 90, targetPort: 'grpc', protocol: 'TCP', appProtocol: 'grpc' },
        ],
      },
    };
    expect(portsOf(service)).toEqual([
      { name: 'http', port: 80, protocol: 'TCP', defaultTargetPort: 80 },
      { name: 'grpc', port: 90, protocol: 'TCP', appProtocol: 'grpc', targetPort: 'grpc' },
    ]);
  });
});
