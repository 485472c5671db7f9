import { beforeEach, describe, expect, it } from 'vitest';
import { addresses, endpoint, SubscriptionRig } from '../../../test/kit/subscription-rig.ts';
import type { Cause } from '../../endpoints/guard/account.ts';
import { endpointId } from '../../endpoints/match-ports.ts';
import { keyOf, prefixRange } from '../../etcd/key.ts';
import type { Subscription } from './subscription.ts';

let rig = new SubscriptionRig();
let { registry, following, unreadable, subscribe } = rig;

beforeEach(() => {
  rig = new SubscriptionRig();
  ({ registry, following, unreadable, subscribe } = rig);
});

describe('a subscription', () => {
  it('publishes what the keys say, and tells of each change', () => {
    registry.put('/web/a', '10.0.0.1:8080');
    const subscription = subscribe();
    const before = rig.changes;
    registry.put('/web/b', '10.0.0.2:8080');
    registry.delete('/web/a');
    expect(addresses(subscription)).toEqual(['10.0.0.2']);
    expect(rig.changes).toBe(before + 2);
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
