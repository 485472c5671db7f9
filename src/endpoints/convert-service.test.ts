import { describe, expect, it } from 'vitest';
import type { Service } from '../kube/resources.ts';
import { convertService } from './convert-service.ts';
import type { ServiceWish } from './plan-service.ts';

const external: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'db', uid: 'a', resourceVersion: '7', labels: { team: 'shop' } },
  spec: { type: 'ExternalName', externalName: 'db.example.com', ports: [{ port: 5432, targetPort: 'pg' }] },
};
const wish: ServiceWish = {
  namespace: 'shop',
  name: 'db',
  etcdService: 'db',
  headless: false,
  ports: [],
  trafficDistribution: 'PreferClose',
  labels: {},
  annotations: {},
  ownerReferences: [{ apiVersion: 'v1', kind: 'EtcdService', name: 'db', uid: 'x', controller: true }],
  isAdopted: false,
};

describe('an ExternalName that gets endpoints', () => {
  it('loses its name, keeps what else it has, and is owned by nobody', () => {
    const { service, patch } = convertService(wish, external);
    expect(service.spec).toEqual({ type: 'ClusterIP', ports: [{ port: 5432, targetPort: 'pg' }] });
    expect(patch).toMatchObject({
      metadata: { uid: 'a', resourceVersion: '7', labels: { 'etcd-endpoints.io/etcdservice': 'db' } },
      spec: { type: 'ClusterIP', externalName: null },
    });
    expect(JSON.stringify(patch)).not.toMatch(/ownerReferences|"x"|PreferClose/);
  });

  it('remembers what it was', () => {
    const { patch } = convertService(wish, external);
    const { annotations } = (patch as { metadata: { annotations: Record<string, string> } }).metadata;
    expect(JSON.parse(annotations['etcd-endpoints.io/adopted-from'] ?? '')).toEqual(external.spec);
  });

  it('gets the ports and the kind that are asked for', () => {
    const ports = [{ name: 'pg', port: 5432, protocol: 'TCP' as const }];
    const { service } = convertService({ ...wish, headless: true, ports }, external);
    expect(service.spec).toEqual({ type: 'ClusterIP', clusterIP: 'None', ports });
  });
});
