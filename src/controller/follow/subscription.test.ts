import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/kit/eventually.ts';
import { MemoryRegistry } from '../../../test/kit/memory-registry.ts';
import type { Cause } from '../../endpoints/guard/account.ts';
import { endpointId } from '../../endpoints/match-ports.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import { RetryableError } from '../../errors.ts';
import { keyOf, prefixRange } from '../../etcd/key.ts';
import { compileReader } from '../../formats/read.ts';
import { type Following, Subscription } from './subscription.ts';

const range = prefixRange(keyOf('/web/'));

/** Follows /web/ in the format plain, for one unnamed port. */
function following(rulesId = 'plain', more: Partial<Following> = {}): Following {
  const source = { prefix: '/web', separator: '/' };
  return {
    source: registry,
    range,
    rulesId,
    rules: () => ({
      read: compileReader({ ...source, format: 'plain' }, { maxValueBytes: 1000 }),
      publishing: {
        ports: [{ name: '', port: 80, protocol: 'TCP' }],
        families: ['IPv4'],
        headless: false,
        zoneHints: false,
        zoneOf: () => ({ kind: 'none' }),
        marksOf: () => ({ flaws: [] }),
        refuses: () => undefined,
        admits: () => true,
      },
    }),
    ...more,
  };
}

/** Rules that can read nothing, as a wrong path would. */
const unreadable = (): Following =>
  following('unreadable', {
    rules: () => ({
      ...following().rules(),
      read: () => ({
        format: undefined,
        items: [{ kind: 'rejected', reason: 'InvalidSyntax', message: 'wrong path' }],
      }),
    }),
  });

/** Rules that can read one value, and no other. */
const readsAlone = (value: string): Following => {
  const { read, publishing } = following().rules();
  const unread = unreadable().rules().read;
  return following(value, {
    rules: () => ({
      publishing,
      read: (registration) =>
        (registration.value.toString() === value ? read : unread)(registration, () => undefined),
    }),
  });
};

/** Rules for values that are lists of addresses. */
const listed = (): Following => {
  const source = { prefix: '/web', separator: '/', format: 'json', json: { items: '.' } } as const;
  const { publishing } = following().rules();
  return following('list', {
    rules: () => ({ read: compileReader(source, { maxValueBytes: 1000 }), publishing }),
  });
};

const endpoint = (address: string): DesiredEndpoint => ({
  address,
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  ready: true,
});

let registry: MemoryRegistry;
let changes: number;
const subscribe = (what = following()): Subscription =>
  new Subscription(what, () => {
    changes += 1;
  });
/** Settles as reconciles do: again when it is told that something may have changed. */
async function settled(subscription: Subscription, published: readonly DesiredEndpoint[]): Promise<void> {
  while (!subscription.settle(published).isSettled) {
    const before = changes;
    await eventually(() => expect(changes).toBeGreaterThan(before));
  }
}

const addresses = (subscription: Subscription): string[] =>
  subscription.desired().endpoints.map(({ address }) => address);

beforeEach(() => {
  registry = new MemoryRegistry();
  changes = 0;
});

describe('a subscription', () => {
  it('publishes what the keys say, and tells of each change', () => {
    registry.put('/web/a', '10.0.0.1:8080');
    const subscription = subscribe();
    const before = changes;
    registry.put('/web/b', '10.0.0.2:8080');
    registry.delete('/web/a');
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
    expect(changes).toBe(before + 2);
  });

  it('keeps the last good instance when a good value turns bad, until the key goes', () => {
    const subscription = subscribe();
    registry.put('/web/a', '10.0.0.1:8080');
    registry.put('/web/a', 'no address at all');
    expect(addresses(subscription)).toEqual(['10.0.0.1']);
    expect(subscription.desired().counts.rejected).toBe(1);
    registry.delete('/web/a');
    expect(addresses(subscription)).toEqual([]);
  });

  it('keeps the latest of several good values, also when none of them was published', () => {
    const subscription = subscribe();
    registry.put('/web/a', '10.0.0.1:8080');
    registry.put('/web/a', '10.0.0.2:8080');
    registry.put('/web/a', 'unreadable');
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
  });

  it('keeps what it could read when the rules change to some that cannot read it', () => {
    registry.put('/web/a', '10.0.0.1:8080');
    const subscription = subscribe();
    subscription.update(unreadable());
    expect(addresses(subscription)).toEqual(['10.0.0.1']);
  });

  it('follows another range and forgets the first', () => {
    registry.put('/web/a', '10.0.0.1:8080');
    registry.put('/api/a', '10.0.0.9:8080');
    const subscription = subscribe();
    subscription.update(following('api', { range: prefixRange(keyOf('/api/')) }));
    expect(addresses(subscription)).toEqual(['10.0.0.9']);
    expect(registry.followed).toBe(1);
  });

  it('ends with its release', () => {
    const subscription = subscribe();
    subscription.release();
    expect(registry.followed).toBe(0);
  });
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
    const before = changes;
    expect(subscription.settle([]).isSettled).toBe(false);
    await eventually(() => expect(changes).toBeGreaterThan(before));
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
    const before = changes;
    registry.list();
    expect(changes, 'the list itself brings no change').toBe(before + 1);
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
    await gap(subscription, '10.0.0.2:8080', 'unreadable');
    registry.compact();
    subscription.during(2);
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
    await gap(subscription, '10.0.0.2:8080', 'unreadable');
    registry.compact();
    subscription.during(2);
    const draining = { ...endpoint('10.0.0.1'), ready: false, drainUntil: 1000 };
    await settled(subscription, [draining, endpoint('10.0.0.2')]);
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
  });

  it('as many published endpoints stand in for a list as it had', async () => {
    const subscription = subscribe(listed());
    registry.put('/web/a', '["10.0.0.1:8080","10.0.0.2:8080"]');
    await gap(subscription, '["10.0.0.3:8080","10.0.0.4:8080"]', 'unreadable');
    registry.compact();
    subscription.during(2);
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
    const before = changes;
    expect(subscription.settle([]).isSettled).toBe(false);
    await eventually(() => expect(changes, 'the answer').toBeGreaterThan(before));
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

describe('why an endpoint is desired no more', () => {
  const id = (address: string): string => endpointId(endpoint(address));
  const why = (subscription: Subscription, address: string, isSpecNew = false): Cause =>
    subscription.causes(isSpecNew)(id(address), endpoint(address));

  it('is a loss where its key was deleted, under the lease that it had', () => {
    registry.put('/web/1', '10.0.0.1:8080', '7');
    registry.put('/web/2', '10.0.0.2:8080');
    const subscription = subscribe();
    registry.delete('/web/1');
    registry.delete('/web/2');
    expect(why(subscription, '10.0.0.1')).toEqual({ kind: 'loss', lease: '7' });
    expect(why(subscription, '10.0.0.2')).toEqual({ kind: 'loss' });
  });

  it('is a statement where its key says something else, or is read in another way', () => {
    registry.put('/web/1', '10.0.0.1:8080');
    registry.put('/web/2', '10.0.0.2:8080');
    const subscription = subscribe();
    registry.put('/web/1', '10.0.0.9:8080');
    expect(why(subscription, '10.0.0.1')).toEqual({ kind: 'statement' });
    const { publishing, read } = following().rules();
    subscription.update(
      following('filtered', {
        rules: () => ({ read, publishing: { ...publishing, admits: () => false } }),
      }),
    );
    expect(why(subscription, '10.0.0.2')).toEqual({ kind: 'statement' });
  });

  it('is a loss where nobody saw it leave, unless a key names its address or the spec is new', () => {
    registry.put('/web/1', '10.0.0.1:9090');
    const subscription = subscribe();
    expect(why(subscription, '10.0.0.1')).toEqual({ kind: 'statement' });
    expect(why(subscription, '10.0.0.2')).toEqual({ kind: 'loss' });
    expect(why(subscription, '10.0.0.2', true)).toEqual({ kind: 'statement' });
  });

  it('is not remembered on a standby, where nobody asks', () => {
    registry.put('/web/1', '10.0.0.1:8080', '7');
    const subscription = subscribe();
    registry.delete('/web/1');
    subscription.standBy();
    expect(why(subscription, '10.0.0.1')).toEqual({ kind: 'loss' });
  });

  it('is the spec where another prefix is followed, until that has been accounted for', () => {
    const subscription = subscribe();
    subscription.update(following('moved', { range: prefixRange(keyOf('/other/')) }));
    expect(why(subscription, '10.0.0.1')).toEqual({ kind: 'statement' });
    subscription.accounted();
    expect(why(subscription, '10.0.0.1')).toEqual({ kind: 'loss' });
  });
});
