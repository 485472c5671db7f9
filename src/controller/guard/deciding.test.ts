import { beforeEach, describe, expect, it } from 'vitest';
import { desiredOf } from '../../../test/kit/desired-of.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { type Hold, startHold } from '../../endpoints/guard/hold.ts';
import { endpointId } from '../../endpoints/match-ports.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { Prepared } from '../preparing.ts';
import type { Tracked } from '../tracked.ts';
import { Decider, type DeciderDeps } from './deciding.ts';
import type { GuardRequest } from './guard-types.ts';

const endpoint = (host: number, ready = true): DesiredEndpoint => ({
  address: `10.0.0.${host}`,
  ports: [{ name: '', port: 80, protocol: 'TCP' }],
  ready,
});

let etcd: readonly DesiredEndpoint[];
let published: readonly DesiredEndpoint[];
let held: readonly DesiredEndpoint[];
let hold: Hold | undefined;
let found: ReadonlySet<string>;
let dismissed: string[];
/** What Kubernetes holds, where the caches are behind. */
let standsNow: readonly DesiredEndpoint[] | undefined;
let looks: number;
/** Whether the spec was taken for a new one, at each decision. */
let specs: boolean[];
let decider: Decider;
let tracked: Tracked;

const desired = () => desiredOf(etcd);
// Only what a decision asks for.
const prepared = {
  claim: { spec: { drainSeconds: 60 }, object: { metadata: {} }, assertSameTerm: () => undefined },
  subscription: {
    desired,
    admitted: (endpoints: readonly DesiredEndpoint[]) => endpoints,
    revision: 1,
    causes: (isSpecNew: boolean) => void specs.push(isSpecNew),
  },
} as unknown as Prepared;
const decided = async (): Promise<readonly DesiredEndpoint[]> =>
  (await decider.decide(tracked, prepared, await decider.standingNow(tracked, prepared))).endpoints;

beforeEach(() => {
  [etcd, published, held, found, dismissed] = [[], [], [], new Set(), []];
  hold = undefined;
  [standsNow, looks, specs] = [undefined, 0, []];
  tracked = { key: 'shop/web', standing: undefined, dead: new Set() } as unknown as Tracked;
  const guard = {
    judge(_: string, { subject, isSpecStated }: GuardRequest) {
      subject.causes(isSpecStated);
      const comesBack = hold !== undefined;
      return { desired: desired(), held, hold, isFinal: true, comesBack, lookAgainMs: undefined };
    },
    dismiss: (_: string, id: string) => dismissed.push(id),
  };
  const deps = {
    guards: { of: () => guard },
    publisher: {
      published: () => published,
      async lookAgain() {
        looks += 1;
        published = standsNow ?? published;
      },
    },
    probes: {
      takeDead() {
        const dead = found;
        found = new Set();
        return dead;
      },
      forget: () => undefined,
    },
    reporter: { latest: (object: object) => object, holdBegan: async () => undefined },
    flights: { holds: () => undefined },
    clock: new FakeClock(),
    drainMs: 0,
    leadsSince: () => 0,
  };
  decider = new Decider(deps as unknown as DeciderDeps);
});

describe('an instance that was found dead', () => {
  it('does not drain, however often its removal has to be tried', async () => {
    published = [endpoint(1), endpoint(2)];
    etcd = [endpoint(1)];
    found = new Set([endpointId(endpoint(2))]);

    expect(await decided()).toEqual([endpoint(1)]);
    // What was decided could not be written.
    expect(await decided()).toEqual([endpoint(1)]);
    expect(dismissed).toHaveLength(2);
  });

  it('drains as any other where it has registered again meanwhile', async () => {
    published = [endpoint(1), endpoint(2)];
    etcd = [endpoint(1)];
    found = new Set([endpointId(endpoint(2))]);
    await decided();
    etcd = [endpoint(1), endpoint(2)];
    await decided();

    etcd = [endpoint(1)];

    expect(await decided()).toMatchObject([
      endpoint(1),
      { ...endpoint(2, false), drainUntil: expect.any(Number) },
    ]);
  });
});

describe('a new leader', () => {
  it('looks in Kubernetes itself before it keeps what its caches show and etcd names no more', async () => {
    published = [endpoint(1), endpoint(2)];
    etcd = [endpoint(1)];
    // The former leader has removed it, and the watch has not told yet.
    standsNow = [endpoint(1)];

    expect(await decided()).toEqual([endpoint(1)]);
  });

  it('looks once a term, however often what it decides cannot be written', async () => {
    published = [endpoint(1), endpoint(2)];
    etcd = [endpoint(1)];
    await decided();
    await decided();
    expect(looks).toBe(1);
  });

  it('does not look where all that stands is named, nor for what it has written itself', async () => {
    published = [endpoint(1)];
    etcd = [endpoint(1), endpoint(2)];
    await decided();

    etcd = [endpoint(1)];
    tracked.standing = { term: 0, endpoints: [endpoint(1), endpoint(2)] };
    expect(await decided()).toHaveLength(2);

    expect(looks).toBe(0);
  });
});

describe('what has vanished', () => {
  const withStatus = (conditions: readonly object[] | undefined): Prepared => ({
    ...prepared,
    claim: {
      ...prepared.claim,
      object: { metadata: { generation: 2 }, status: { conditions } },
    } as unknown as Prepared['claim'],
  });

  it.each([
    [
      'is told by a spec that is newer than what was published',
      [{ type: 'HasEndpoints', observedGeneration: 1 }],
      true,
    ],
    [
      'is no statement of the spec that was published',
      [{ type: 'HasEndpoints', observedGeneration: 2 }],
      false,
    ],
    ['is none either where no status has told yet what was published', undefined, false],
  ])('%s', async (_, conditions, isNew) => {
    await decider.decide(tracked, withStatus(conditions), []);
    expect(specs).toEqual([isNew]);
  });
});

describe('what is held', () => {
  beforeEach(() => {
    published = [endpoint(1, false)];
    held = [endpoint(1), endpoint(2)];
  });

  it('keeps the readiness with which it stands, so that every leader decides alike', async () => {
    const loss = { lost: 2, stood: 3 };
    hold = startHold({ scope: 'Service', loss, holdMs: 60_000, now: 0, random: () => 0 });
    expect(await decided()).toEqual([endpoint(1, false), endpoint(2)]);
  });

  it('does not come back where it has gone, while it is only being asked whether it has to be held', async () => {
    expect(await decided()).toEqual([endpoint(1, false)]);
  });

  it('has not gone where it stands in another shape', async () => {
    const renamed = { ...endpoint(1), ports: [{ name: 'web', port: 80, protocol: 'TCP' as const }] };
    held = [renamed];
    expect(await decided()).toEqual([renamed]);
  });
});

describe('while nobody knows whether instances live', () => {
  it('all are not ready, and what drains goes at its time', () => {
    const now = new FakeClock().now();
    const draining = (host: number, leftMs: number) => ({
      ...endpoint(host, false),
      drainUntil: now + leftMs,
    });
    published = [endpoint(1), draining(2, 5000), draining(3, -1)];
    expect(decider.decideStale(tracked, prepared)).toMatchObject({
      endpoints: [endpoint(1, false), draining(2, 5000)],
      lookAgainMs: 5000,
    });
  });
});
