import { describe, expect, it } from 'vitest';
import type { EtcdCatalog } from '../api/etcd-catalog.ts';
import type { EtcdService } from '../api/etcd-service.ts';
import { wantedRanges } from './wanted-ranges.ts';

const service = (name: string, spec: object) =>
  ({ metadata: { namespace: 'shop', name }, spec }) as EtcdService;
const catalog = (name: string, spec: object) =>
  ({
    metadata: { name },
    spec: { namespaces: [{ name: 'shop' }], template: { spec: { ports: [{ port: 80 }] } }, ...spec },
  }) as unknown as EtcdCatalog;

const wanted = (services: readonly EtcdService[], catalogs: readonly EtcdCatalog[]) =>
  Array.from(
    wantedRanges({ services, catalogs }, (registry) => (registry === 'rooted' ? '/root' : '')),
    ([registry, ranges]) => [
      registry,
      ...ranges.map(({ range, by }) => `${range.start}..${range.end} of ${by}`),
    ],
  );

describe('the ranges that somebody wants to read', () => {
  it('are those of EtcdServices, and of EtcdCatalogs up to the first placeholder', () => {
    const services = [service('web', { prefix: '/services/web', ports: [{ port: 80 }] })];
    const catalogs = [
      catalog('all', { pattern: '/services/{service}/{instance}' }),
      catalog('rooted', { pattern: '/live/{service}/{instance}', registryRef: { name: 'rooted' } }),
    ];
    expect(wanted(services, catalogs)).toEqual([
      [
        'default',
        '/services/web/../services/web0 of EtcdService shop/web',
        '/services/../services0 of EtcdCatalog all',
      ],
      ['rooted', '/root/live/../root/live0 of EtcdCatalog rooted'],
    ]);
  });

  it('are none of what is not valid', () => {
    expect(wanted([service('web', {})], [catalog('bad', { pattern: '/services/{instance}' })])).toEqual([]);
  });
});
