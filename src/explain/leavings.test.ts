import { expect, it } from 'vitest';
import type { ObjectKey } from '../kube/types.ts';
import { type Leaving, Leavings } from './leavings.ts';

const leaving = (address: string): Leaving => ({
  removal: { address, ports: [80], reason: 'Deleted' },
  hold: undefined,
});

it('keeps 20 000 of all EtcdServices together, and forgets those of whoever has lost nothing for the longest time', () => {
  const all = new Leavings();
  const [quiet, busy] = ['shop/quiet', 'shop/busy'] as ObjectKey[] as [ObjectKey, ObjectKey];
  all.set(quiet, 'first', leaving('10.0.0.1'));
  all.set(quiet, 'second', leaving('10.0.0.2'));
  for (let index = 0; index < 19_999; index += 1) {
    all.set(busy, `${index}`, leaving('10.0.0.3'));
  }
  expect(Array.from(all.of(quiet), ([id]) => id)).toEqual(['second']);
  expect([...all.of(busy)]).toHaveLength(19_999);

  // The same again takes no room.
  all.set(busy, '0', leaving('10.0.0.4'));
  expect(all.get(quiet, 'second')).toBeDefined();
  expect(all.get(busy, '0')?.removal.address).toBe('10.0.0.4');

  all.forget(busy);
  all.set(quiet, 'third', leaving('10.0.0.5'));
  expect(Array.from(all.of(quiet), ([id]) => id)).toEqual(['second', 'third']);
});
