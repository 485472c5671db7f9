import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { EtcdService } from '../api/etcd-service.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import { Publishing, type PublishingDeps } from './publishing.ts';
import type { Tracked } from './tracked.ts';

const staleMs = 60_000;
const standing: readonly DesiredEndpoint[] = [{ address: '10.0.0.1', ports: [], ready: true }];
const object = { metadata: { namespace: 'shop', name: 'web' } } as EtcdService;

let clock: FakeClock;
let connected: boolean;
let connectionSince: number;
let listedAt: number;
let written: (readonly DesiredEndpoint[])[];
let tracked: Tracked;
let publishing: Publishing;

function connection(isConnected: boolean): void {
  connected = isConnected;
  connectionSince = clock.monotonic();
}

beforeEach(() => {
  clock = new FakeClock();
  written = [];
  listedAt = 0;
  tracked = { key: 'shop/web', standing: undefined, published: undefined, isStale: undefined } as Tracked;
  connection(true);
  // Only what a publication asks for.
  const prepared = {
    claim: { spec: {}, serviceName: 'web', object },
    existing: {},
    ports: [],
    registry: {
      source: {
        get connection() {
          return { connected, since: 0, sinceMonotonic: connectionSince, error: undefined };
        },
      },
    },
    subscription: {
      isSynced: true,
      failure: undefined,
      isListedSince: (at: number) => listedAt >= at,
      settle: () => ({ isSettled: true, lookAgainMs: undefined }),
      desired: () => 'what etcd says',
    },
  };
  const deps = {
    preparer: { prepare: () => prepared, read: () => undefined },
    decider: {
      standing: () => standing,
      decide: async () => ({
        desired: 'what etcd says',
        endpoints: standing,
        removal: undefined,
        revision: 1,
      }),
      decideStale: () => ({
        before: standing,
        endpoints: standing.map((endpoint) => ({ ...endpoint, ready: false })),
        draining: 0,
        lookAgainMs: 5000,
      }),
    },
    services: {
      ensure: async (service: object) => service,
      adopt: async (_: object, service: object) => service,
    },
    publisher: {
      async ensure(_claim: object, _service: object, endpoints: readonly DesiredEndpoint[]) {
        written.push(endpoints);
        return { write: undefined, lookAgainMs: 200 };
      },
      takeOver: async () => undefined,
    },
    recorder: { noticed: () => undefined },
    clock,
    staleMs,
    leadsSince: () => 0,
  };
  publishing = new Publishing(deps as unknown as PublishingDeps);
});

const ready = () => written.at(-1)?.every((endpoint) => endpoint.ready);

describe('an etcd that has been away for too long', () => {
  beforeEach(async () => {
    await publishing.publish(tracked, object);
    connection(false);
    clock.advance(staleMs);
  });

  it('has what it said last published as not ready, and what is left to do is come back to', async () => {
    const { lookAgainMs } = await publishing.publish(tracked, object);
    expect(ready()).toBe(false);
    expect(lookAgainMs).toBe(200);
  });

  it('is listed when it is back, before anything is published as ready again', async () => {
    await publishing.publish(tracked, object);
    clock.advance(1000);
    connection(true);
    await publishing.publish(tracked, object);
    expect(ready()).toBe(false);

    listedAt = clock.monotonic();
    await publishing.publish(tracked, object);
    expect(ready()).toBe(true);
  });
});

describe('a wall clock that is set forwards', () => {
  it('makes nothing stale that has been away for a moment', async () => {
    await publishing.publish(tracked, object);
    connection(false);
    clock.stepWallClock(10 * staleMs);
    clock.advance(1000);
    await publishing.publish(tracked, object);
    expect(ready()).toBe(true);
  });
});
