import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import type { KubeObject, KubeReader, Resource } from '../../kube/types.ts';
import type { Claim } from '../claims/claim.ts';
import { type Kind, Strangers } from './strangers.ts';

describe('who else has a hand in a Service', () => {
  let clock: FakeClock;
  let lists: string[];
  let standing: Record<string, readonly KubeObject[]>;
  let strangers: Strangers;

  beforeEach(() => {
    clock = new FakeClock();
    lists = [];
    standing = {};
    const reader = {
      list: ({ plural }: Resource) => {
        lists.push(plural);
        return Promise.resolve(standing[plural] ?? []);
      },
    } as unknown as KubeReader;
    strangers = new Strangers({ reader, clock });
  });

  const claim = (name: string, trackedSince = 0): Claim =>
    ({ key: `shop/${name}`, namespace: 'shop', trackedSince }) as Claim;
  const object = (name: string, labels = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Any',
    metadata: { namespace: 'shop', name, labels },
  });
  const askFor = (count: number, kind: Kind = 'endpoints'): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, (_, index) => strangers.mayHave(kind, claim(`a-${index}`))));

  it('is looked at Service by Service while few are asked for', async () => {
    expect(await strangers.mayHave('endpoints', claim('web'))).toBe(true);
    expect(lists).toEqual([]);
  });

  it.each<[Kind, string, KubeObject]>([
    ['service', 'services', object('web')],
    ['endpoints', 'endpoints', object('web')],
    ['slices', 'endpointslices', object('x-1', { 'kubernetes.io/service-name': 'web' })],
  ])('is found by one look at the namespace where many are asked for: %s', async (kind, plural, theirs) => {
    standing = { [plural]: [theirs] };
    await askFor(100, kind);
    expect(await strangers.mayHave(kind, claim('web'))).toBe(true);
    expect(await strangers.mayHave(kind, claim('new'))).toBe(false);
    expect(lists, 'nothing that nobody has asked for').toEqual([plural]);
  });

  it('is not told by a look that an EtcdService is younger than', async () => {
    await askFor(100);
    expect(await strangers.mayHave('endpoints', claim('new', clock.monotonic() + 1))).toBe(true);
  });

  it('is not told by a look that is two seconds old', async () => {
    await askFor(100);
    clock.advance(2000);
    expect(await strangers.mayHave('endpoints', claim('web'))).toBe(true);
  });

  it('is asked again after a look that failed', async () => {
    const reader = { list: () => Promise.reject(new Error('away')) } as unknown as KubeReader;
    const failing = new Strangers({ reader, clock });
    const asked = Array.from({ length: 9 }, () => failing.mayHave('endpoints', claim('web')));
    await expect(asked.at(-1)).rejects.toThrow('away');
    expect(await failing.mayHave('endpoints', claim('web'))).toBe(true);
  });
});
