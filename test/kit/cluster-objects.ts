import { expect } from 'vitest';
import { eventually } from './eventually.ts';
import type { AnyObject, KubeObjects } from './kube-objects.ts';

const LOOK = { timeoutMs: 20_000, intervalMs: 50 };

/** Custom resources of ours that belong to no namespace, as the administrator handles them. */
export class ClusterObjects<Spec extends object, Condition extends string> {
  readonly #objects: KubeObjects;
  readonly #kind: string;
  readonly #collection: string;

  constructor(objects: KubeObjects, { kind, plural }: { readonly kind: string; readonly plural: string }) {
    this.#objects = objects;
    this.#kind = kind;
    this.#collection = `/apis/etcd-endpoints.io/v1alpha1/${plural}`;
  }

  async create(name: string, spec: Spec): Promise<void> {
    const { status, json } = await this.tryCreate(name, spec);
    expect(status, JSON.stringify(json)).toBe(201);
  }

  /** What the apiserver answers to a spec that it may refuse. */
  async tryCreate(name: string, spec: object): Promise<AnyObject> {
    const object = {
      apiVersion: 'etcd-endpoints.io/v1alpha1',
      kind: this.#kind,
      metadata: { name },
      spec,
    };
    return await this.#objects.call('POST', this.#collection, object);
  }

  async get(name: string): Promise<AnyObject> {
    const { json } = await this.#objects.call('GET', `${this.#collection}/${name}`);
    return json;
  }

  /** Replaces fields of the spec. */
  async change(name: string, spec: Partial<Spec>): Promise<void> {
    await eventually(async () => {
      const object = await this.get(name);
      Object.assign(object.spec, spec);
      const { status, json } = await this.#objects.call('PUT', `${this.#collection}/${name}`, object);
      expect(status, JSON.stringify(json)).toBe(200);
    });
  }

  async delete(name: string): Promise<void> {
    await this.#objects.call('DELETE', `${this.#collection}/${name}`);
  }

  /** Returns the message of a condition once it says so of the newest spec, as `False/SecretNotFound`. */
  async untilCondition(name: string, type: Condition, wanted: string): Promise<string> {
    return await eventually(async () => {
      const { metadata, status } = await this.get(name);
      const found = status?.conditions?.find((condition: AnyObject) => condition.type === type);
      expect(`${found?.status}/${found?.reason}`, found?.message).toBe(wanted);
      expect(status.observedGeneration).toBe(metadata.generation);
      return found.message;
    }, LOOK);
  }
}
