import { describe, expect, it } from 'vitest';
import type { EtcdCatalog, EtcdCatalogInput } from './etcd-catalog.ts';
import { parseCatalogSpec } from './parse.ts';

function catalog(spec: Partial<EtcdCatalogInput>): EtcdCatalog {
  return {
    apiVersion: 'etcd-endpoints.io/v1alpha1',
    kind: 'EtcdCatalog',
    metadata: { name: 'company' },
    spec: { pattern: '/{env}/{service}/{instance}', namespaces: [{ name: 'shop' }], ...spec },
  };
}

const unknownName = 'may have in name only a {name} that the pattern has, and not {instance}';
const unknownMatch = 'may have in match only names that the pattern has, and not instance';
const reserved = "must have none that begins with etcd-endpoints.io/, which are the controller's own";
const mark = { 'etcd-endpoints.io/empty-since': 'x' };

describe('an EtcdCatalog', () => {
  it.each<[string, Partial<EtcdCatalogInput>, string]>([
    ['a namespace of a placeholder that no key has', { namespaces: [{ name: 'shop{typo}' }] }, unknownName],
    ['a namespace for each instance', { namespaces: [{ name: '{instance}' }] }, unknownName],
    ['a match of a name that no key has', { namespaces: [{ match: { evn: 'a' }, name: 'a' }] }, unknownMatch],
    ['a match of instances', { namespaces: [{ match: { instance: 'a' }, name: 'a' }] }, unknownMatch],
    ['a label of our own', { template: { metadata: { labels: mark } } }, reserved],
    ['an annotation of our own', { template: { metadata: { annotations: mark } } }, reserved],
  ])('cannot have %s', (_, spec, message) => {
    expect(parseCatalogSpec(catalog(spec))).toMatchObject({ problems: [{ message }] });
  });

  it('can send services to namespaces by any other placeholder', () => {
    const namespaces = [{ match: { env: 'prod', service: 'web' }, name: 'a-{env}-{service}' }];
    const metadata = { labels: { 'example.org/a': 'b' }, annotations: { c: 'd' } };

    expect(parseCatalogSpec(catalog({ namespaces, template: { metadata } }))).toHaveProperty('ok');
  });
});
