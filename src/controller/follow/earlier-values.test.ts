import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/kit/eventually.ts';
import { MemoryRegistry } from '../../../test/kit/memory-registry.ts';
import { addresses, endpoint, SubscriptionRig } from '../../../test/kit/subscription-rig.ts';
import { RetryableError } from '../../errors.ts';
import type { Subscription } from './subscription.ts';

let rig = new SubscriptionRig();
let { registry, readsAlone, listed, subscribe, settled } = rig;

beforeEach(() => {
  rig = new SubscriptionRig();
  ({ registry, readsAlone, listed, subscribe, settled } = rig);
});

describe('a value that fell into a gap of the watch', () => {
  it('is found when the value after it cannot be read', async () => {
    const subscription = subscribe();
    await settled(subscription, []);
    registry.holdLists();
    registry.put('/web/a', '10.0.0.1:8080');
    registry.put('/web/a', 'unreadable');
    registry.list();
    await settled(subscription, []);
    expect(addresses(subscription)).toEqual(['10.0.0.1']);
  });
});

describe('a registry that is slow or away', () => {
  it('keeps nobody waiting for earlier values: the end of asking is told as a change', async () => {
    registry.put('/web/a', '10.0.0.1:8080');
    registry.put('/web/a', 'unreadable');
    const answer = Promise.withResolvers<void>();
    registry.valueBefore = async (...asked) => {
      await answer.promise;
      return await MemoryRegistry.prototype.valueBefore.apply(registry, asked);
    };
    const subscription = subscribe();
    expect(subscription.settle([])).toEqual({ isSettled: false, lookAgainMs: undefined });
    expect(subscription.settle([]).isSettled).toBe(false);
    answer.resolve();
    await settled(subscription, []);
    expect(addresses(subscription)).toEqual(['10.0.0.1']);
  });

  it('is asked again after a while, and goes on with what is known once it was settled', async () => {
    const subscription = subscribe();
    await settled(subscription, []);
    registry.valueBefore = () => Promise.reject(new RetryableError('ETCD_UNAVAILABLE', 'away'));
    registry.put('/web/a', 'bad');
    registry.put('/web/a', 'worse');
    const before = rig.changes;
    expect(subscription.settle([]).isSettled).toBe(false);
    await eventually(() => expect(rig.changes).toBeGreaterThan(before));
    expect(subscription.settle([])).toEqual({ isSettled: true, lookAgainMs: 1000 });
  });
});

describe('after a gap of the watch', () => {
  beforeEach(() => {
    registry.put('/web/a', '10.0.0.1:8080');
  });

  /** What is put meanwhile is told by a list alone. */
  const gap = async (subscription: Subscription, ...values: readonly string[]): Promise<void> => {
    await settled(subscription, []);
    registry.holdLists();
    for (const value of values) {
      registry.put('/web/a', value);
    }
    registry.list();
  };

  /** The same, with etcd having compacted what it told of that, and another term since. */
  const compactedGap = async (subscription: Subscription, ...values: readonly string[]): Promise<void> => {
    await gap(subscription, ...values);
    registry.compact();
    subscription.during(2);
  };

  it('the value before stands in for one that cannot be read, and not what was good before the gap', async () => {
    const subscription = subscribe();
    await gap(subscription, '10.0.0.2:8080', 'unreadable');
    expect(addresses(subscription), 'until etcd has told more').toEqual(['10.0.0.1']);
    await settled(subscription, [endpoint('10.0.0.1')]);
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
  });

  it('the value before stands in for one that cannot be read and came as an event, where etcd was restored before', async () => {
    const subscription = subscribe();
    await settled(subscription, []);
    registry.put('/web/a', 'unreadable');
    registry.rewrite('/web/a', '10.0.0.2:8080');
    expect(addresses(subscription), 'until a list has told that there was a gap').toEqual(['10.0.0.1']);
    const before = rig.changes;
    registry.list();
    expect(rig.changes, 'the list itself brings no change').toBe(before + 1);
    await settled(subscription, [endpoint('10.0.0.1')]);
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
  });

  it('an answer to what was asked before the gap is none', async () => {
    const subscription = subscribe();
    await gap(subscription, '10.0.0.2:8080', 'unreadable');
    const answer = Promise.withResolvers<void>();
    const { valueBefore } = registry;
    registry.valueBefore = async (...asked) => {
      const earlier = await valueBefore.apply(registry, asked);
      await answer.promise;
      return earlier;
    };
    expect(subscription.settle([endpoint('10.0.0.1')]).isSettled).toBe(false);
    registry.rewrite('/web/a', '10.0.0.1:8080', '10.0.0.3:8080');
    registry.list();
    answer.resolve();
    await settled(subscription, [endpoint('10.0.0.1')]);
    expect(addresses(subscription)).toEqual(['10.0.0.3']);
  });

  it('what was good before it stands in where history is compacted, and is asked for once', async () => {
    const subscription = subscribe();
    await gap(subscription, '10.0.0.2:8080', 'unreadable');
    registry.compact();
    await settled(subscription, [endpoint('10.0.0.1')]);
    expect(addresses(subscription)).toEqual(['10.0.0.1']);
    expect(subscription.settle([endpoint('10.0.0.1')]).isSettled, 'nothing is asked again').toBe(true);
  });

  it('what the leader before has published stands in where history is compacted, rather than what was good before the gap', async () => {
    const subscription = subscribe();
    subscription.during(1);
    await compactedGap(subscription, '10.0.0.2:8080', 'unreadable');
    await settled(subscription, [endpoint('10.0.0.2')]);
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
  });

  it('what was seen without a gap stands in, also where history is compacted and an endpoint is published that nobody explains', async () => {
    const subscription = subscribe();
    registry.put('/web/a', '10.0.0.2:8080');
    registry.put('/web/a', 'unreadable');
    registry.compact();
    subscription.during(2);
    registry.list({ isUnbroken: true });
    await settled(subscription, [endpoint('10.0.0.3')]);
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
  });

  it('what the leader before has taken out, so that it drains, is not what it has published', async () => {
    const subscription = subscribe();
    await compactedGap(subscription, '10.0.0.2:8080', 'unreadable');
    const draining = { ...endpoint('10.0.0.1'), ready: false, drainUntil: 1000 };
    await settled(subscription, [draining, endpoint('10.0.0.2')]);
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
  });

  it('as many published endpoints stand in for a list as it had', async () => {
    const subscription = subscribe(listed());
    registry.put('/web/a', '["10.0.0.1:8080","10.0.0.2:8080"]');
    await compactedGap(subscription, '["10.0.0.3:8080","10.0.0.4:8080"]', 'unreadable');
    await settled(subscription, ['10.0.0.3', '10.0.0.4', '10.0.0.5'].map(endpoint));
    expect(addresses(subscription)).toEqual(['10.0.0.3', '10.0.0.4']);
  });

  it.each(['a replica that has followed', 'one that starts'])(
    'what was bad in the value before keeps what was good in its place, for %s',
    async (who) => {
      const before = who === 'one that starts' ? undefined : subscribe(listed());
      registry.put('/web/a', '["10.0.0.1:8080","10.0.0.2:8080"]');
      registry.put('/web/a', '["10.0.0.1:8080","bad"]');
      registry.put('/web/a', 'unreadable');
      const subscription = before ?? subscribe(listed());
      registry.list();
      await settled(subscription, ['10.0.0.1', '10.0.0.2'].map(endpoint));
      expect(addresses(subscription)).toEqual(['10.0.0.1', '10.0.0.2']);
    },
  );

  it('what the very value said by earlier rules stands in, and not a value before that the new ones can read', async () => {
    const subscription = subscribe();
    registry.put('/web/a', '10.0.0.2:8080');
    subscription.update(readsAlone('10.0.0.1:8080'));
    registry.list();
    await settled(subscription, [endpoint('10.0.0.2')]);
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
  });

  it('nothing is settled by an answer that came before the gap and that nobody has asked about', async () => {
    const subscription = subscribe();
    await gap(subscription, '10.0.0.2:8080', 'unreadable');
    const before = rig.changes;
    expect(subscription.settle([]).isSettled).toBe(false);
    await eventually(() => expect(rig.changes, 'the answer').toBeGreaterThan(before));
    registry.rewrite('/web/a', '10.0.0.1:8080', '10.0.0.3:8080');
    registry.list();
    expect(subscription.settle([]).isSettled).toBe(false);
    await settled(subscription, []);
    expect(addresses(subscription)).toEqual(['10.0.0.3']);
  });

  it('another unreadable value is looked behind as well', async () => {
    const subscription = subscribe();
    await gap(subscription, '10.0.0.2:8080', 'unreadable');
    registry.put('/web/a', 'worse');
    await settled(subscription, [endpoint('10.0.0.1')]);
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
  });
});

describe('after a restart', () => {
  it('the value before stands in for one that cannot be read', async () => {
    registry.put('/web/a', '10.0.0.1:8080');
    registry.put('/web/a', 'unreadable');
    const subscription = subscribe();
    await settled(subscription, [endpoint('10.0.0.1')]);
    expect(addresses(subscription)).toEqual(['10.0.0.1']);
  });

  it('the last readable of several values before stands in', async () => {
    registry.put('/web/a', '10.0.0.1:8080');
    for (const value of ['bad', 'worse', 'worst']) {
      registry.put('/web/a', value);
    }
    const subscription = subscribe();
    await settled(subscription, []);
    expect(addresses(subscription)).toEqual(['10.0.0.1']);
  });

  it('as many published endpoints that no key explains stay as there are unreadable keys, where history is compacted', async () => {
    registry.put('/web/a', '10.0.0.1:8080');
    registry.put('/web/a', 'unreadable');
    registry.put('/web/b', '10.0.0.2:8080');
    registry.compact();
    const subscription = subscribe();
    await settled(subscription, ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(endpoint));
    expect(addresses(subscription)).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('an endpoint that drains stands in for no key: it goes at its time', async () => {
    registry.put('/web/a', 'unreadable');
    const subscription = subscribe();
    const draining = { ...endpoint('10.0.0.9'), ready: false, drainUntil: 1000 };
    await settled(subscription, [draining, endpoint('10.0.0.1')]);
    expect(addresses(subscription)).toEqual(['10.0.0.1']);
  });

  it('an endpoint that was kept goes when its key becomes readable or is deleted', async () => {
    registry.put('/web/a', 'unreadable');
    registry.put('/web/b', 'unreadable');
    const subscription = subscribe();
    await settled(subscription, [endpoint('10.0.0.1'), endpoint('10.0.0.2')]);
    expect(addresses(subscription)).toEqual(['10.0.0.1', '10.0.0.2']);
    registry.put('/web/a', '10.0.0.7:8080');
    registry.delete('/web/b');
    expect(addresses(subscription)).toEqual(['10.0.0.7']);
  });

  it('an endpoint that was kept and that another leader has taken out meanwhile does not come back in the next term', async () => {
    registry.put('/web/a', 'unreadable');
    registry.put('/web/b', 'unreadable');
    const subscription = subscribe();
    subscription.during(1);
    await settled(subscription, [endpoint('10.0.0.1'), endpoint('10.0.0.2')]);
    expect(addresses(subscription)).toEqual(['10.0.0.1', '10.0.0.2']);

    subscription.during(1);
    expect(addresses(subscription), 'in the same term').toEqual(['10.0.0.1', '10.0.0.2']);

    subscription.during(2);
    await settled(subscription, [endpoint('10.0.0.2')]);
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
  });

  it('a key that turns unreadable later keeps no endpoint that another key has given up', async () => {
    registry.put('/web/a', '10.0.0.1:8080');
    const subscription = subscribe();
    await settled(subscription, [endpoint('10.0.0.1')]);
    registry.put('/web/b', 'unreadable');
    registry.delete('/web/a');
    await settled(subscription, [endpoint('10.0.0.1')]);
    expect(addresses(subscription)).toEqual([]);
  });

  it('nothing is settled before the first list', () => {
    registry.holdLists();
    registry.put('/web/a', '10.0.0.1:8080');
    const subscription = subscribe();
    expect(subscription.isSynced).toBe(false);
    registry.list();
    expect(subscription.isSynced).toBe(true);
    expect(addresses(subscription)).toEqual(['10.0.0.1']);
  });
});
