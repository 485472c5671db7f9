import { describe, expect, it } from 'vitest';
import { plainRules } from '../../test/kit/publishing-rules.ts';
import type { Instance, Item } from '../formats/types.ts';
import { type LastGood, standing } from './last-good.ts';
import type { PublishingRules } from './resolve.ts';

const publishing: PublishingRules = {
  ...plainRules(),
  admits: ({ metadata }) => metadata['env'] !== 'test',
};
const instance = (address: string, more: Partial<Instance> = {}): Instance => ({
  address,
  ports: { '': 8080 },
  ready: true,
  metadata: {},
  ...more,
});
const good = (address: string, more: Partial<Instance> = {}): Item => ({
  kind: 'instance',
  instance: instance(address, more),
});
const bad: Item = { kind: 'rejected', reason: 'InvalidSyntax', message: 'unreadable' };
const addresses = (items: Item[], before: LastGood): string[] =>
  standing(items, () => before, publishing).standIns.map(({ address }) => address);

describe('what stands in for a value that cannot be read', () => {
  it('is nothing while everything is readable', () => {
    expect(standing([good('10.0.0.1')], () => [instance('10.0.0.9')], publishing)).toMatchObject({
      standIns: [],
      lastGood: [instance('10.0.0.1')],
      unresolved: false,
    });
  });

  it('is every instance of the last good value where nothing of it is readable', () => {
    expect(addresses([bad], [instance('10.0.0.1'), instance('10.0.0.2')])).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('is the instance in the place of a single bad item', () => {
    const before = [instance('10.0.0.1'), instance('10.0.0.2')];
    expect(addresses([good('10.0.0.1'), bad], before)).toEqual(['10.0.0.2']);
  });

  it('is remembered through a partial value', () => {
    const first = standing(
      [good('10.0.0.1'), bad],
      () => [instance('10.0.0.1'), instance('10.0.0.2')],
      publishing,
    );
    expect(addresses([good('10.0.0.7'), bad], first.lastGood)).toEqual(['10.0.0.2']);
  });

  it('is not an address that a good item announces now', () => {
    const before = [instance('10.0.0.1'), instance('10.0.0.2')];
    expect(addresses([good('10.0.0.2'), bad], before)).toEqual([]);
  });

  it('is the instance with its port where the new value lacks one', () => {
    const noPort = good('10.0.0.1', { ports: {} });
    const result = standing([noPort], () => [instance('10.0.0.1')], publishing);
    expect(result.outcomes).toMatchObject([{ kind: 'rejected', reason: 'NoPort' }]);
    expect(result.standIns).toMatchObject([{ address: '10.0.0.1', ports: [{ port: 8080 }] }]);
  });

  it('is nothing for an address of a family that the Service lacks: the value says where its instance is', () => {
    const moved = standing([good('fd00::5')], () => [instance('10.0.0.1')], publishing);
    expect(moved.outcomes).toMatchObject([{ kind: 'rejected', reason: 'FamilyNotServed' }]);
    expect(moved).toMatchObject({ standIns: [], unresolved: false });
    expect(
      addresses([good('10.0.0.1'), good('fd00::5')], [instance('10.0.0.1'), instance('10.0.0.2')]),
    ).toEqual([]);
  });

  it('passes the filter of today, not that of its time', () => {
    expect(addresses([bad], [instance('10.0.0.1', { metadata: { env: 'test' } })])).toEqual([]);
  });

  it('is missed where no good value is known', () => {
    expect(standing([bad], () => [], publishing).unresolved).toBe(true);
  });

  it('is not missed by a value that is filtered out or ignored', () => {
    const filtered = good('10.0.0.1', { metadata: { env: 'test' } });
    expect(standing([filtered], () => [], publishing).unresolved).toBe(false);
    expect(standing([{ kind: 'ignored', message: 'a placeholder' }], () => [], publishing).unresolved).toBe(
      false,
    );
  });
});
