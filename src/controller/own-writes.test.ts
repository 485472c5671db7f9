import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { Cache, KubeObject } from '../kube/types.ts';
import { OwnWrites } from './own-writes.ts';

const object = (resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { namespace: 'shop', name: 'web', resourceVersion },
});

/** A cache that a test fills by hand, one object at most. */
class HandFilledCache implements Cache<KubeObject> {
  readonly synced = true;
  #object: KubeObject | undefined;
  #listener: (before: KubeObject | undefined, after: KubeObject | undefined) => void = () => undefined;

  get(): KubeObject | undefined {
    return this.#object;
  }

  list(): Iterable<KubeObject> {
    return this.#object === undefined ? [] : [this.#object];
  }

  onChange(listener: (before: KubeObject | undefined, after: KubeObject | undefined) => void): () => void {
    this.#listener = listener;
    return () => undefined;
  }

  bring(next: KubeObject | undefined): void {
    const before = this.#object;
    this.#object = next;
    this.#listener(before, next);
  }
}

let cache: HandFilledCache;
let clock: FakeClock;
let own: OwnWrites<KubeObject>;
let foreign: (string | undefined)[];

beforeEach(() => {
  cache = new HandFilledCache();
  clock = new FakeClock();
  own = new OwnWrites(cache, clock);
  foreign = [];
  own.onForeignChange((_, after) => foreign.push(after?.metadata.resourceVersion));
});

const version = (): string | undefined => own.get('shop/web')?.metadata.resourceVersion;

describe('a cache with our own writes in it', () => {
  it('shows a write before the watch has brought it', () => {
    cache.bring(object('9'));
    own.remember('shop/web', object('10'));
    expect(version()).toBe('10');
  });

  it('does not tell of the echo of a write', () => {
    own.remember('shop/web', object('10'));
    cache.bring(object('10'));
    expect(foreign).toEqual([]);
  });

  it('shows and tells what somebody wrote after us', () => {
    own.remember('shop/web', object('10'));
    cache.bring(object('11'));
    expect(version()).toBe('11');
    expect(foreign).toEqual(['11']);
  });

  it('still shows the write when the watch brings something older', () => {
    own.remember('shop/web', object('10'));
    cache.bring(object('9'));
    expect(version()).toBe('10');
  });

  it('does not go back to a write that the watch has overtaken', () => {
    cache.bring(object('11'));
    own.remember('shop/web', object('10'));
    expect(version()).toBe('11');
  });

  it('forgets a write when the object is deleted', () => {
    own.remember('shop/web', object('10'));
    cache.bring(object('10'));
    cache.bring(undefined);
    expect(version()).toBeUndefined();
  });

  it('does not believe a write for ever that no watch confirms, and has it looked at', () => {
    own.remember('shop/web', object('10'));
    clock.advance(10_000);
    expect(version()).toBeUndefined();
    expect(foreign).toEqual([undefined]);
  });

  it('does not bring back an object whose deletion came before the answer to our write', () => {
    cache.bring(object('9'));
    cache.bring(object('10'));
    cache.bring(undefined);
    own.remember('shop/web', object('10'));
    expect(version()).toBeUndefined();
  });

  it('leaves no timer behind when it is closed', () => {
    own.remember('shop/web', object('10'));
    cache.bring(undefined);
    own.close();
    expect(clock.pending).toBe(0);
  });
});
