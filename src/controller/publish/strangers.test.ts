import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import type { KubeObject, KubeReader, Resource } from '../../kube/types.ts';
import type { Claim } from '../claims/claim.ts';
import { Strangers } from './strangers.ts';

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
    strangers = new Strangers({ reader, clock, servesSlices: () => Promise.resolve(true) });
  });

  const all = { service: true, endpoints: true, slices: true };
  const none = { service: false, endpoints: false, slices: false };
  const claim = (name: string, trackedSince = 0): Claim =>
    ({ key: `shop/${name}`, namespace: 'shop', trackedSince }) as Claim;
  const object = (name: string, labels = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Any',
    metadata: { namespace: 'shop', name, labels },
  });
  const askFor = (count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, (_, index) => strangers.of(claim(`a-${index}`))));

  it('is looked at Service by Service while few are asked for', async () => {
    expect(await strangers.of(claim('web'))).toEqual(all);
    expect(lists).toEqual([]);
  });

  it('is found by one look at the namespace where many are asked for', async () => {
    standing = {
      services: [object('web')],
      endpoints: [object('api')],
      endpointslices: [object('x-1', { 'kubernetes.io/service-name': 'db' })],
    };
    await askFor(100);
    expect(await strangers.of(claim('web'))).toEqual({ ...none, service: true });
    expect(await strangers.of(claim('api'))).toEqual({ ...none, endpoints: true });
    expect(await strangers.of(claim('db'))).toEqual({ ...none, slices: true });
    expect(await strangers.of(claim('new'))).toEqual(none);
    expect(lists).toEqual(['services', 'endpoints', 'endpointslices']);
  });

  it('is not told by a look that an EtcdService is younger than', async () => {
    await askFor(100);
    expect(await strangers.of(claim('new', clock.monotonic() + 1))).toEqual(all);
  });

  it('is not told by a look that is two seconds old', async () => {
    await askFor(100);
    clock.advance(2000);
    expect(await strangers.of(claim('web'))).toEqual(all);
  });

  it('is asked again after a look that failed', async () => {
    const failing = new Strangers({
      reader: { list: () => Promise.reject(new Error('away')) } as unknown as KubeReader,
      clock,
      servesSlices: () => Promise.resolve(true),
    });
    const asked = Array.from({ length: 9 }, () => failing.of(claim('web')));
    await expect(asked.at(-1)).rejects.toThrow('away');
    expect(await failing.of(claim('web'))).toEqual(all);
  });
});
