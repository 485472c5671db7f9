import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { EtcdService } from '../api/etcd-service.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import { Observer, type ObserverDeps } from './observe/observer.ts';
import { Observing } from './observe/observing.ts';
import { Publishing, type PublishingDeps } from './publishing.ts';
import type { Tracked } from './tracked.ts';

const staleMs = 60_000;
const standing: readonly DesiredEndpoint[] = [{ address: '10.0.0.1', ports: [], ready: true }];
const object = {
  metadata: { namespace: 'shop', name: 'web' },
  status: { conditions: [{ type: 'Equal', status: 'True' }] },
} as EtcdService;

let clock: FakeClock;
let connected: boolean;
let connectionSince: number;
let listedAt: number;
let spec: { mode?: string };
let written: (readonly DesiredEndpoint[])[];
/** What happens while endpoints are being written. */
let meanwhile: () => void;
let whileServiceIsWritten: () => void;
/** What etcd says. */
let desired: object;
/** What stands, each time that it is asked. */
let standsNow: () => readonly DesiredEndpoint[];
/** What stood when it was decided, each time. */
let decidedBy: (readonly DesiredEndpoint[])[];
let tracked: Tracked;
let publishing: Publishing;

function connection(isConnected: boolean): void {
  connected = isConnected;
  connectionSince = clock.monotonic();
}

beforeEach(() => {
  clock = new FakeClock();
  written = [];
  meanwhile = () => undefined;
  whileServiceIsWritten = () => undefined;
  desired = { endpoints: standing };
  standsNow = () => standing;
  decidedBy = [];
  spec = {};
  listedAt = 0;
  tracked = { key: 'shop/web', standing: undefined, published: undefined, isStale: undefined } as Tracked;
  connection(true);
  // Only what a publication asks for.
  const prepared = {
    claim: {
      get spec() {
        return { service: {}, ...spec };
      },
      serviceName: 'web',
      object,
      assertSameTerm: () => undefined,
    },
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
      during: () => undefined,
      settle: () => ({ isSettled: true, lookAgainMs: undefined }),
      desired: () => desired,
    },
  };
  const recorder = { noticed: () => undefined };
  const nothingStands = {
    reader: { list: async () => [], get: async () => undefined },
    servesSlices: async () => true,
    services: { existing: () => undefined },
    clock,
  };
  const deps = {
    preparer: { prepare: () => prepared, read: () => undefined },
    decider: {
      standingNow: async () => standsNow(),
      decide: async (_tracked: Tracked, _prepared: object, before: readonly DesiredEndpoint[]) => {
        decidedBy.push(before);
        return { desired, endpoints: standing, removal: undefined, revision: 1 };
      },
      decideStale: () => ({
        before: standing,
        endpoints: standing.map((endpoint) => ({ ...endpoint, ready: false })),
        draining: 0,
        lookAgainMs: 5000,
      }),
    },
    services: {
      async ensure(service: object) {
        whileServiceIsWritten();
        return service;
      },
      adopt: async (_: object, service: object) => service,
    },
    publisher: {
      async ensure(_claim: object, _service: object, endpoints: readonly DesiredEndpoint[]) {
        written.push(endpoints);
        meanwhile();
        return { write: undefined, lookAgainMs: 200 };
      },
      takeOver: async () => undefined,
    },
    recorder,
    observing: new Observing({ observer: new Observer(nothingStands as unknown as ObserverDeps), recorder }),
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

  it('is looked at again at once where it comes back while that is being published', async () => {
    meanwhile = () => connection(true);
    const { lookAgainMs } = await publishing.publish(tracked, object);
    expect(ready()).toBe(false);
    expect(lookAgainMs).toBe(0);
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

describe('a decision', () => {
  const [first, second]: readonly (readonly DesiredEndpoint[])[] = [standing, []];

  beforeEach(() => {
    const answers = [first, second].values();
    standsNow = () => answers.next().value ?? [];
  });

  it('follows from what stood when it was found that all is known', async () => {
    await publishing.publish(tracked, object);
    expect(decidedBy).toEqual([first]);
  });

  it('follows from what stands by then where it is made once more, since etcd says something else', async () => {
    whileServiceIsWritten = () => {
      desired = { endpoints: [] };
    };
    await publishing.publish(tracked, object);
    expect(decidedBy).toEqual([first, second]);
  });
});

describe('an EtcdService that is observed once more', () => {
  const equal = async () => (await publishing.publish(tracked, object)).findings?.observed?.equal;

  it.each(['Publish', 'Paused'])(
    'after mode %s has its difference count only once that has stood anew',
    async (mode) => {
      spec = { mode: 'Observe' };
      expect(await equal(), 'what was equal is so for a while').toBeUndefined();
      clock.advance(29_000);
      spec = { mode };
      await publishing.publish(tracked, object);
      expect(tracked.observed).toBeUndefined();
      clock.advance(60_000);

      spec = { mode: 'Observe' };
      listedAt = clock.monotonic();
      expect(await equal()).toBeUndefined();
      clock.advance(30_000);
      expect(await equal()).toMatchObject({ status: 'False', reason: 'Differs' });
    },
  );
});
