import type { EtcdRegistryInput } from '../../src/api/etcd-registry.ts';
import type { RegistryConditionType } from '../../src/api/registry-reasons.ts';
import { ClusterObjects } from './cluster-objects.ts';
import type { KubeObjects } from './kube-objects.ts';

/** EtcdRegistries, and the Secrets that they name in the namespace of the controller, as the administrator handles them. */
export class RegistryObjects extends ClusterObjects<EtcdRegistryInput, RegistryConditionType> {
  readonly #own: KubeObjects;

  constructor(own: KubeObjects) {
    super(own, { kind: 'EtcdRegistry', plural: 'etcdregistries' });
    this.#own = own;
  }

  async untilConnected(name: string): Promise<void> {
    await this.untilCondition(name, 'Connected', 'True/Connected');
  }

  /** Creates a Secret for the registry of that name, or without a label where there is none. */
  async createSecret(
    name: string,
    registry: string | undefined,
    data: Readonly<Record<string, string>>,
  ): Promise<void> {
    const labels = registry === undefined ? {} : { 'etcd-endpoints.io/registry': registry };
    await this.#own.create('secrets', name, { metadata: { labels }, stringData: data });
  }

  /** Replaces what a Secret holds, and its label where one is given. */
  async changeSecret(name: string, data: Readonly<Record<string, string>>, registry?: string): Promise<void> {
    await this.#own.change('secrets', name, (secret) => {
      secret.data = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, btoa(text)]));
      if (registry !== undefined) {
        secret.metadata.labels = { 'etcd-endpoints.io/registry': registry };
      }
    });
  }
}
