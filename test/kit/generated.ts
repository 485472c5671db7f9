import { etcdCatalogSpecSchema } from '../../src/api/etcd-catalog.ts';
import type { EtcdService } from '../../src/api/etcd-service.ts';
import { generatorOf } from '../../src/catalog/generated.ts';

export const pruneAfterSeconds = 3600;

/** An EtcdService as EtcdCatalog `company` makes it in namespace `shop`. */
export function generated(name: string): EtcdService {
  const { template } = etcdCatalogSpecSchema.parse({
    pattern: '/{service}/{instance}',
    namespaces: [{ name: 'shop' }],
  });
  const wish = { catalog: 'company', separator: '/', hasInstances: true, template, pruneAfterSeconds };
  const service = { service: name, values: { service: name }, source: `/${name}/`, keys: 1 };
  return generatorOf(wish)({ namespace: 'shop', name, service });
}
