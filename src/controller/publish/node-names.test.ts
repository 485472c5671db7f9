import { describe, expect, it } from 'vitest';
import { ObjectIndex } from '../../kube/object-index.ts';
import type { Node } from '../../kube/resources.ts';
import { type CacheIndex, objectKey, type WatchedCache } from '../../kube/types.ts';
import { NodeNames, slimNode } from './node-names.ts';

type Listener = (before: Node | undefined, after: Node | undefined) => void;

/** A cache that is changed by hand. */
class Nodes implements WatchedCache<Node> {
  readonly synced = true;
  readonly problem = undefined;
  readonly #nodes = new Map<string, Node>();
  readonly #listeners: Listener[] = [];
  readonly #indexes: ObjectIndex<Node>[] = [];

  set(name: string, ...addresses: string[]): void {
    this.#change(name, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
    });
  }

  delete(name: string): void {
    this.#change(name, undefined);
  }

  #change(name: string, after: Node | undefined): void {
    const before = this.#nodes.get(name);
    if (after === undefined) {
      this.#nodes.delete(name);
    } else {
      this.#nodes.set(objectKey(after.metadata), after);
    }
    for (const index of this.#indexes) {
      index.change(before, after);
    }
    for (const listener of this.#listeners) {
      listener(before, after);
    }
  }

  get(key: string): Node | undefined {
    return this.#nodes.get(key);
  }

  list(): Iterable<Node> {
    return this.#nodes.values();
  }

  onChange(listener: Listener): () => void {
    this.#listeners.push(listener);
    return () => undefined;
  }

  index(valuesOf: (node: Node) => readonly string[]): CacheIndex<Node> {
    const index = new ObjectIndex<Node>(valuesOf);
    this.#indexes.push(index);
    return index;
  }

  start(): void {}

  async untilSynced(): Promise<void> {}

  async close(): Promise<void> {}
}

describe('the name of the Node of an address', () => {
  it('is that of the Node that has it as its InternalIP, however that is written', () => {
    const nodes = new Nodes();
    const names = new NodeNames(nodes);
    nodes.set('n1', '10.0.0.1', 'FD00:0::1');
    expect([names.of('10.0.0.1'), names.of('fd00::1'), names.of('10.0.0.2')]).toEqual([
      'n1',
      'n1',
      undefined,
    ]);
  });

  it('is none where two Nodes say that they have it, and the other once one is gone', () => {
    const nodes = new Nodes();
    const names = new NodeNames(nodes);
    nodes.set('n1', '10.0.0.1');
    nodes.set('n2', '10.0.0.1');
    expect(names.of('10.0.0.1')).toBeUndefined();
    nodes.delete('n1');
    expect(names.of('10.0.0.1')).toBe('n2');
  });

  it('takes the place of what an endpoint was named before', () => {
    const nodes = new Nodes();
    const names = new NodeNames(nodes);
    nodes.set('n1', '10.0.0.1');
    const endpoints = ['10.0.0.1', '10.0.0.2'].map((address) => ({
      address,
      ports: [],
      ready: true,
      nodeName: 'gone',
    }));
    expect(names.name(endpoints).map(({ nodeName }) => nodeName)).toEqual(['n1', undefined]);
  });

  it('is told to change when addresses do, not when a Node says again that it lives', () => {
    const nodes = new Nodes();
    const names = new NodeNames(nodes);
    let told = 0;
    names.onChange(() => {
      told += 1;
    });
    nodes.set('n1', '10.0.0.1');
    nodes.set('n1', '10.0.0.1');
    expect(told).toBe(1);
    nodes.set('n1', '10.0.0.1', 'fd00::1');
    nodes.delete('n1');
    expect(told).toBe(3);
  });
});

describe('what is kept of a Node', () => {
  it('is its name and its internal addresses', () => {
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1', uid: 'u', resourceVersion: '7', labels: { a: 'b' } },
      spec: { podCIDR: '10.1.0.0/24' },
      status: {
        addresses: [
          { type: 'InternalIP', address: '10.0.0.1' },
          { type: 'Hostname', address: 'n1' },
          { type: 'ExternalIP', address: '203.0.113.1' },
        ],
        images: [{ names: ['a'] }],
      },
    };
    expect(slimNode(node)).toEqual({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1', uid: 'u', resourceVersion: '7' },
      status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
    });
  });
});
