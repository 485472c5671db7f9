import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { Endpoints } from '../../kube/resources.ts';
import type { Claim } from '../claims/claim.ts';
import { SlicesHandBack } from './slices-hand-back.ts';

const http = { name: 'http', port: 80, protocol: 'TCP' } as const;
const endpoint = (address: string, ready = true): DesiredEndpoint => ({ address, ready, ports: [http] });

/** Two ready addresses, and one that is not. */
const endpoints: Endpoints = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { namespace: 'shop', name: 'web' },
  subsets: [
    {
      addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }],
      notReadyAddresses: [{ ip: '10.0.0.3' }],
      ports: [http],
    },
  ],
};
const everything = [endpoint('10.0.0.1'), endpoint('10.0.0.2'), endpoint('10.0.0.3', false)];
// Of the claim, only what it is remembered by is needed.
const claim = { key: 'shop/web' } as Claim;

let clock: FakeClock;
let mirrored: readonly DesiredEndpoint[];
let isRemoved: boolean;
let told: string[];
let handBack: SlicesHandBack;

beforeEach(() => {
  clock = new FakeClock();
  mirrored = [];
  isRemoved = false;
  told = [];
  handBack = new SlicesHandBack({
    clock,
    slices: {
      mirrored: async () => mirrored,
      remove: async () => {
        isRemoved = true;
      },
    },
    notMirrored: ({ key }) => told.push(key),
  });
});

describe('our slices', () => {
  it('go when Kubernetes has mirrored every address, ready where it is ready', async () => {
    mirrored = everything;
    expect(await handBack.proceed(claim, endpoints)).toBeUndefined();
    expect(isRemoved).toBe(true);
    expect(told).toEqual([]);
  });

  it.each([
    ['an address lacks', everything.slice(1)],
    ['an address is not ready there', [endpoint('10.0.0.1', false), ...everything.slice(1)]],
    ['one that is not ready lacks', everything.slice(0, 2)],
  ])('stay while %s, and are looked at again soon', async (_, some) => {
    mirrored = some;
    expect(await handBack.proceed(claim, endpoints)).toBeLessThanOrEqual(1000);
    expect(isRemoved).toBe(false);
  });

  /** As the queue does: looks again after as long as was asked for, until so much time has passed. */
  async function proceedFor(timeMs: number): Promise<number | undefined> {
    const end = clock.monotonic() + timeMs;
    let pauseMs = await handBack.proceed(claim, endpoints);
    while (pauseMs !== undefined && clock.monotonic() + pauseMs < end) {
      clock.advance(pauseMs);
      pauseMs = await handBack.proceed(claim, endpoints);
    }
    return pauseMs;
  }

  it('are looked at less often the longer it takes', async () => {
    const first = await handBack.proceed(claim, endpoints);
    const later = await proceedFor(60_000);
    expect(later).toBeGreaterThan(first ?? 0);
    expect(later).toBeLessThanOrEqual(5000);
  });

  it('go after two minutes where nothing mirrors, and that is told', async () => {
    await proceedFor(119_000);
    expect(isRemoved).toBe(false);
    expect(await proceedFor(10_000)).toBeUndefined();
    expect(isRemoved).toBe(true);
    expect(told).toEqual(['shop/web']);
  });

  it.each([
    ['slices were asked for in between', () => handBack.forget(claim.key)],
    ['nobody has gone on with it, as after a time in which another replica led', () => clock.advance(61_000)],
  ])('have all the time again where %s', async (_, interrupt) => {
    await proceedFor(119_000);
    interrupt();
    await proceedFor(110_000);
    expect(isRemoved).toBe(false);
  });
});
