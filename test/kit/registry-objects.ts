import { expect } from 'vitest';
import type { EtcdRegistryInput } from '../../src/api/etcd-registry.ts';
import type { RegistryConditionType } from '../../src/api/registry-reasons.ts';
import { eventually } from './eventually.ts';
import type { AnyObject, KubeObjects } from './kube-objects.ts';

const collection = '/apis/etcd-endpoints.io/v1alpha1/etcdregistries';
const LOOK = { timeoutMs: 20_000, intervalMs: 50 };

/** EtcdRegistries, and the Secrets that they name in the namespace of the controller, as the administrator handles them. */
export class RegistryObjects {
  readonly #own: KubeObjects;

  constructor(own: KubeObjects) {
    this.#own = own;
  }

  async create(name: string, spec: EtcdRegistryInput): Promise<void> {
    const object = {
      apiVersion: 'etcd-endpoints.io/v1alpha1',
      kind: 'EtcdRegistry',
      metadata: { name },
      spec,
    };
    const { status, json } = await this.#own.call('POST', collection, object);
    expect(status, JSON.stringify(json)).toBe(201);
  }

  async get(name: string): Promise<AnyObject> {
    const { json } = await this.#own.call('GET', `${collection}/${name}`);
    return json;
  }

  /** Replaces fields of the spec. */
  async change(name: string, spec: Partial<EtcdRegistryInput>): Promise<void> {
    await eventually(async () => {
      const object = await this.get(name);
      Object.assign(object.spec, spec);
      const { status, json } = await this.#own.call('PUT', `${collection}/${name}`, object);
      expect(status, JSON.stringify(json)).toBe(200);
    });
  }

  async delete(name: string): Promise<void> {
    await this.#own.call('DELETE', `${collection}/${name}`);
  }

  /** Returns the message of a condition once it says so, as `False/SecretNotFound`. */
  async untilCondition(name: string, type: RegistryConditionType, wanted: string): Promise<string> {
    return await eventually(async () => {
      const { status } = await this.get(name);
      const found = status?.conditions?.find((condition: AnyObject) => condition.type === type);
      expect(`${found?.status}/${found?.reason}`, found?.message).toBe(wanted);
      return found.message;
    }, LOOK);
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
