import { describe, expect, it } from 'vitest';
import { etcdServiceResource } from '../api/etcd-service.ts';
import type { PlanConfig } from '../config/plan-options.ts';
import { TerminalError } from '../errors.ts';
import { SERVICE_CIDRS } from '../kube/resources.ts';
import type { KubeObject, KubeReader, ListOptions, Resource } from '../kube/types.ts';
import { FilesReader } from './files-reader.ts';
import { readWorld } from './world.ts';

const named = (kind: string, namespace: string, name: string, apiVersion = 'v1') =>
  ({ apiVersion, kind, metadata: { namespace, name } }) as KubeObject;
const etcdService = named(
  'EtcdService',
  'shop',
  'web',
  `${etcdServiceResource.group}/${etcdServiceResource.version}`,
);
const objects = [etcdService, named('Service', 'shop', 'web'), named('Service', 'other', 'api')];

/** A cluster whose user may read all namespaces, or shop alone. */
class Cluster extends FilesReader {
  readonly #isServed: boolean;
  readonly #mayReadAll: boolean;

  constructor({ servesCidrs = false, mayReadAll = true }) {
    super(objects, 'shop');
    this.#isServed = servesCidrs;
    this.#mayReadAll = mayReadAll;
  }

  override async list<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions,
  ): Promise<readonly T[]> {
    if (resource.plural === SERVICE_CIDRS.plural) {
      return [{ metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/16'] } }] as unknown as T[];
    }
    if (!this.#mayReadAll && options.namespace !== 'shop') {
      throw new TerminalError('KUBE_FORBIDDEN', 'may not list', { subject: resource.plural });
    }
    return await super.list(resource, options);
  }

  override async serves(resource?: Resource): Promise<boolean> {
    return resource?.plural === SERVICE_CIDRS.plural ? this.#isServed : await super.serves();
  }
}

async function servicesKnown(cluster: KubeReader, serviceCidrs: readonly string[] = []) {
  const config = { files: [], namespace: 'shop', serviceCidrs, nodeNames: false } as unknown as PlanConfig;
  const files = new FilesReader([], 'shop');
  const { services, notes } = await readWorld(config, { files, cluster, ownNamespace: 'shop', now: 0 });
  return { services: services.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`), notes };
}

describe('the Services that a plan for one namespace knows', () => {
  it('are those of the namespace where the ranges of Services are known', async () => {
    const known = { services: ['shop/web'], notes: [] };
    expect(await servicesKnown(new Cluster({ servesCidrs: true }))).toEqual(known);
    expect(await servicesKnown(new Cluster({}), ['10.96.0.0/16'])).toEqual(known);
  });

  it('are all where they are not, since none of their addresses may be published', async () => {
    expect(await servicesKnown(new Cluster({}))).toEqual({ services: ['shop/web', 'other/api'], notes: [] });
  });

  it('are those of the namespace where no others may be read, and a note says so', async () => {
    const { services, notes } = await servicesKnown(new Cluster({ mayReadAll: false }));
    expect(services).toEqual(['shop/web']);
    expect(notes).toEqual([
      expect.stringMatching(/Services of other namespaces are not known.*--service-cidr/),
    ]);
  });
});
