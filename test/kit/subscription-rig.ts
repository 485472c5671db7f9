import { expect } from 'vitest';
import { type Following, Subscription } from '../../src/controller/follow/subscription.ts';
import type { DesiredEndpoint } from '../../src/endpoints/types.ts';
import { bytesOf } from '../../src/etcd/bytes.ts';
import { keyOf, prefixRange } from '../../src/etcd/key.ts';
import { compileReader } from '../../src/formats/read.ts';
import { eventually } from './eventually.ts';
import { MemoryRegistry } from './memory-registry.ts';
import { plainRules } from './publishing-rules.ts';

const range = prefixRange(keyOf('/web/'));

/** Subscriptions to a registry in memory, and what they are told. */
export class SubscriptionRig {
  readonly registry = new MemoryRegistry();
  /** How often any subscription has told that something may have changed. */
  changes = 0;

  /** Follows /web/ in the format plain, for one unnamed port. */
  readonly following = (rulesId = 'plain', more: Partial<Following> = {}): Following => {
    const source = { prefix: '/web', separator: '/' };
    return {
      source: this.registry,
      range,
      rulesId,
      rules: () => ({
        read: compileReader({ ...source, format: 'plain' }, { maxValueBytes: 1000 }),
        publishing: plainRules(),
      }),
      ...more,
    };
  };

  /** Rules that can read nothing, as a wrong path would. */
  readonly unreadable = (): Following =>
    this.following('unreadable', {
      rules: () => ({
        ...this.following().rules(),
        read: () => ({
          format: undefined,
          items: [{ kind: 'rejected', reason: 'InvalidSyntax', message: 'wrong path' }],
        }),
      }),
    });

  /** Rules that can read one value, and no other. */
  readonly readsAlone = (value: string): Following => {
    const { read, publishing } = this.following().rules();
    const unread = this.unreadable().rules().read;
    return this.following(value, {
      rules: () => ({
        publishing,
        read: (registration) =>
          (registration.value === bytesOf(value) ? read : unread)(registration, () => undefined),
      }),
    });
  };

  /** Rules for values that are lists of addresses. */
  readonly listed = (): Following => {
    const source = { prefix: '/web', separator: '/', format: 'json', json: { items: '.' } } as const;
    const { publishing } = this.following().rules();
    return this.following('list', {
      rules: () => ({ read: compileReader(source, { maxValueBytes: 1000 }), publishing }),
    });
  };

  readonly subscribe = (what = this.following()): Subscription =>
    new Subscription(what, () => {
      this.changes += 1;
    });

  /** Settles as reconciles do: again when it is told that something may have changed. */
  readonly settled = async (
    subscription: Subscription,
    published: readonly DesiredEndpoint[],
  ): Promise<void> => {
    while (!subscription.settle(published).isSettled) {
      const before = this.changes;
      await eventually(() => expect(this.changes).toBeGreaterThan(before));
    }
  };
}

export function endpoint(address: string): DesiredEndpoint {
  return { address, ports: [{ name: '', port: 8080, protocol: 'TCP' }], ready: true };
}

export function addresses(subscription: Subscription): string[] {
  return subscription.desired().endpoints.map(({ address }) => address);
}
