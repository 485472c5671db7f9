import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { ObjectStore } from '../../kube/object-store.ts';
import type { KubeObject } from '../../kube/types.ts';
import { OwnWrites } from './own-writes.ts';

const object = (resourceVersion: string, uid = 'first', of = 'web'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { namespace: 'shop', name: of === 'web' ? 'web' : 'other', uid, resourceVersion, labels: { of } },
});

/** A cache that a test fills by hand. */
class HandFilledCache extends ObjectStore<KubeObject> {
  constructor() {
    super({ debug: () => undefined, info: () => undefined, warn: () => undefined });
  }

  /** What the watch tells of the object. */
  bring(next: KubeObject | undefined): void {
    if (next === undefined) {
      this.remove('shop/web');
    } else {
      this.put(next);
    }
  }
}

let cache: HandFilledCache;
let clock: FakeClock;
let own: OwnWrites<KubeObject>;
let foreign: (string | undefined)[];

beforeEach(() => {
  cache = new HandFilledCache();
  clock = new FakeClock();
  own = new OwnWrites(cache, clock, ({ metadata }) => [metadata.labels?.['of'] ?? '']);
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

  describe('while a write is under way', () => {
    /** A write whose answer comes when the test says so. */
    function writing(): PromiseWithResolvers<KubeObject> & { readonly done: Promise<unknown> } {
      const answer = Promise.withResolvers<KubeObject>();
      const done = own.write('shop/web', () => answer.promise).catch((error: unknown) => error);
      return { ...answer, done };
    }

    it('does not tell of an echo that comes before the answer', async () => {
      const { resolve, done } = writing();
      cache.bring(object('10'));
      expect(version()).toBe('10');
      resolve(object('10'));
      expect(await done).toEqual(object('10'));
      expect(foreign).toEqual([]);
    });

    it('tells afterwards what others have written', async () => {
      const { resolve, done } = writing();
      cache.bring(object('9'));
      cache.bring(object('10'));
      cache.bring(object('11'));
      expect(foreign).toEqual([]);
      resolve(object('10'));
      await done;
      expect(foreign).toEqual(['9', '11']);
      expect(version()).toBe('11');
    });

    it('tells afterwards of an end', async () => {
      const { resolve, done } = writing();
      cache.bring(object('10'));
      cache.bring(undefined);
      resolve(object('10'));
      await done;
      expect(foreign).toEqual([undefined]);
      expect(version()).toBeUndefined();
    });

    it('tells all that came where the write fails, and says why it did', async () => {
      const { reject, done } = writing();
      cache.bring(object('10'));
      reject(new Error('reset'));
      expect(await done).toEqual(new Error('reset'));
      expect(foreign).toEqual(['10']);
      cache.bring(object('11'));
      expect(foreign).toEqual(['10', '11']);
    });

    it('knows the echoes of two writes at once, whichever is answered first', async () => {
      const [status, spec] = [writing(), writing()];
      cache.bring(object('10'));
      spec.resolve(object('11'));
      await spec.done;
      cache.bring(object('11'));
      cache.bring(object('12'));
      status.resolve(object('10'));
      await status.done;
      expect(foreign).toEqual(['12']);
    });

    it('tells of other objects at once', async () => {
      const { resolve, done } = writing();
      cache.put(object('7', 'first', 'else'));
      expect(foreign).toEqual(['7']);
      resolve(object('10'));
      await done;
      expect(version()).toBe('10');
    });
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

  describe('with deletions', () => {
    it('does not show what was deleted while the watch still has it', () => {
      cache.bring(object('9'));
      own.rememberDeleted('shop/web', object('9'));
      expect(version()).toBeUndefined();
      cache.bring(object('10'));
      expect(version()).toBeUndefined();
    });

    it('does not tell of the end of what it has deleted, nor of what stood before', () => {
      cache.bring(object('9'));
      foreign = [];
      own.rememberDeleted('shop/web', object('9'));
      cache.bring(object('10'));
      cache.bring(undefined);
      expect(foreign).toEqual([]);
    });

    it('does not show what it has made and deleted when the watch brings the making late', () => {
      own.remember('shop/web', object('10'));
      own.rememberDeleted('shop/web', object('10'));
      cache.bring(object('10'));
      expect(version()).toBeUndefined();
    });

    it('shows and tells what somebody makes again under the name', () => {
      cache.bring(object('9'));
      own.rememberDeleted('shop/web', object('9'));
      foreign = [];
      cache.bring(object('12', 'second'));
      expect(version()).toBe('12');
      expect(foreign).toEqual(['12']);
    });

    it('shows what it makes again itself, also when the watch brings the end of the first one late', () => {
      cache.bring(object('9'));
      own.rememberDeleted('shop/web', object('9'));
      own.remember('shop/web', object('12', 'second'));
      expect(version()).toBe('12');
      cache.bring(undefined);
      expect(version()).toBe('12');
    });

    it('does not believe a deletion for ever that no watch confirms, and has it looked at', () => {
      cache.bring(object('9'));
      own.rememberDeleted('shop/web', object('9'));
      foreign = [];
      clock.advance(10_000);
      expect(version()).toBe('9');
      expect(foreign).toEqual(['9']);
    });

    it('remembers none that the watch has told of already', () => {
      cache.bring(object('9'));
      cache.bring(undefined);
      clock.advance(9000);
      foreign = [];
      own.rememberDeleted('shop/web', object('9'));
      clock.advance(10_000);
      expect(foreign).toEqual([]);
    });
  });

  describe('finds by a value', () => {
    const found = (value: string): readonly (string | undefined)[] =>
      own
        .by(value)
        .map(({ metadata }) => metadata.resourceVersion)
        .sort();

    it('what the watch has brought and what it has not brought yet', () => {
      cache.bring(object('9'));
      own.remember('shop/other', object('10', 'second', 'db'));
      expect(found('web')).toEqual(['9']);
      expect(found('db')).toEqual(['10']);
    });

    it('an object under its newest values alone', () => {
      cache.bring(object('9'));
      const moved = object('10');
      own.remember('shop/web', { ...moved, metadata: { ...moved.metadata, labels: { of: 'db' } } });
      expect(found('web')).toEqual([]);
      expect(found('db')).toEqual(['10']);
      cache.bring(object('11'));
      expect(found('web')).toEqual(['11']);
      expect(found('db')).toEqual([]);
    });

    it('nothing that was deleted or that lapsed', () => {
      cache.bring(object('9'));
      own.rememberDeleted('shop/web', object('9'));
      own.remember('shop/other', object('10', 'second', 'web'));
      clock.advance(10_000);
      cache.bring(undefined);
      expect(found('web')).toEqual([]);
    });
  });

  it('leaves no timer behind when it is closed', () => {
    cache.bring(object('9'));
    cache.bring(undefined);
    own.remember('shop/web', object('10'));
    own.rememberDeleted('shop/other', object('9', 'second', 'db'));
    own.close();
    expect(clock.pending).toBe(0);
  });
});
