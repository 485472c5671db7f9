import { expect, it } from 'vitest';
import type { ObjectKey } from '../kube/types.ts';
import type { Removal } from './removal.ts';
import { Removals } from './removals.ts';

const removal = (address: string): Removal => ({ address, ports: [80], reason: 'Deleted' });

it('keeps the last 100 of one EtcdService, and 20 000 of all, of which the oldest go first', () => {
  const removals = new Removals();
  const serviceOf = (index: number): ObjectKey => `shop/s-${index}`;
  for (let round = 0; round < 101; round += 1) {
    for (let index = 0; index < 200; index += 1) {
      removals.add(serviceOf(index), removal(`10.${index}.0.${round}`));
    }
  }
  const kept = Array.from({ length: 100 }, (_, round) => `10.7.0.${round + 1}`);
  expect(removals.of(serviceOf(7)).map(({ address }) => address)).toEqual(kept);

  removals.add(serviceOf(200), removal('10.200.0.0'));
  removals.add(serviceOf(200), removal('10.200.0.1'));
  expect(removals.of(serviceOf(0)).map(({ address }) => address)).not.toContain('10.0.0.1');
  expect(removals.of(serviceOf(1)).map(({ address }) => address)).not.toContain('10.1.0.1');
  expect(removals.of(serviceOf(2)).map(({ address }) => address)).toContain('10.2.0.1');

  removals.forget(serviceOf(3));
  expect(removals.of(serviceOf(3))).toEqual([]);
});
