import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { MemoryRegistry } from '../../test/kit/memory-registry.ts';
import { keyOf } from '../etcd/key.ts';
import { FlightRecorder, type Left, type Publication } from './flight-recorder.ts';

const clock = new FakeClock();
const source = new MemoryRegistry();
let told: Record<string, unknown>[];
let counted: string[];
let recorder: FlightRecorder;

beforeEach(() => {
  told = [];
  counted = [];
  source.leases.clear();
  const log = { info: (fields: Record<string, unknown>) => void told.push(fields), error: fail };
  const metrics = { removals: { inc: ({ reason }: { reason: string }) => void counted.push(reason) } };
  recorder = new FlightRecorder({ clock, log, metrics });
});

function fail(fields: unknown): never {
  throw new Error(JSON.stringify(fields));
}

const at = (address: string, port = 80) => ({
  address,
  ports: [{ name: '', port, protocol: 'TCP' as const }],
  ready: true,
});
const left = (more: Partial<Left> = {}): Left => ({
  key: keyOf('/web/i1'),
  revision: 81_723,
  lease: '77',
  reason: 'KeyGone',
  ...more,
});
const publishing = (more: Partial<Publication>): Publication => ({
  before: [],
  after: [],
  revision: 90_000,
  source,
  ...more,
});
const [a, b] = [at('10.0.0.5'), at('10.0.0.6')];

describe('FlightRecorder', () => {
  it('tells when, at which revision and why an endpoint left, once in the log and once in the metric', async () => {
    recorder.left('shop/web', a, left());
    recorder.published('shop/web', publishing({ before: [a, b], after: [b] }));
    const removal = {
      address: '10.0.0.5',
      ports: [80],
      reason: 'LeaseGone',
      key: '/web/i1',
      revision: 81_723,
    };
    await eventually(() => expect(recorder.removals('shop/web')).toMatchObject([removal]));
    expect(told).toMatchObject([{ etcdService: 'shop/web', leftAt: expect.any(String), ...removal }]);
    expect(counted).toEqual(['LeaseGone']);
  });

  it.each([
    ['whose lease lives on was deleted', '77', ['77'], 'Deleted'],
    ['without a lease was deleted', '0', [], 'Deleted'],
    ['whose lease is gone went with it', '77', [], 'LeaseGone'],
  ])('a key %s', async (_, lease, living, reason) => {
    for (const one of living) {
      source.leases.add(one);
    }
    recorder.left('shop/web', a, left({ lease }));
    recorder.published('shop/web', publishing({ before: [a] }));
    await eventually(() => expect(recorder.removals('shop/web')).toMatchObject([{ reason }]));
  });

  it('does not say what etcd does not say of a lease', async () => {
    const silent = { leaseTime: () => Promise.reject(new Error('away')) };
    recorder.left('shop/web', a, left());
    recorder.published('shop/web', publishing({ before: [a], source: silent }));
    await eventually(() => expect(recorder.removals('shop/web')).toMatchObject([{ reason: 'KeyGone' }]));
  });

  it.each(['Filtered', 'Changed', 'Unreadable'] as const)('asks nobody about what is %s', async (reason) => {
    const asked = { leaseTime: fail };
    recorder.left('shop/web', a, left({ reason }));
    recorder.published('shop/web', publishing({ before: [a], source: asked }));
    await eventually(() => expect(recorder.removals('shop/web')).toMatchObject([{ reason }]));
  });

  it('says that it does not know where it has not seen an endpoint leave', async () => {
    recorder.published('shop/web', publishing({ before: [a] }));
    await eventually(() => expect(recorder.removals('shop/web')).toMatchObject([{ reason: 'Unexplained' }]));
  });

  it('knows what has left etcd and was not published since', () => {
    recorder.left('shop/web', a, left());
    const [removal] = recorder.removals('shop/web');
    expect(removal).toMatchObject({ address: '10.0.0.5', reason: 'KeyGone', revision: 81_723 });
    expect(removal).not.toHaveProperty('removedAt');
  });

  it('remembers of what came and went between two publications no more than of removals', async () => {
    recorder.left('shop/web', a, left({ revision: 1, reason: 'Changed' }));
    recorder.holds('shop/web', {
      held: [a],
      hold: { id: 'h', until: 0, scope: 'Service' },
      released: undefined,
    });
    for (let revision = 2; revision < 300; revision += 1) {
      recorder.left('shop/web', at(`10.0.1.${revision % 256}`, revision), left({ revision }));
      recorder.published('shop/web', publishing({ before: [a], after: [a, b], revision }));
    }
    recorder.left('shop/web', at('10.0.0.8'), left({ revision: 300 }));
    recorder.published('shop/web', publishing({ before: [a], after: [a, b], revision: 299 }));

    await eventually(() => expect(recorder.removals('shop/web')).toHaveLength(100 + 2));
    const known = recorder.removals('shop/web').map(({ address }) => address);
    // Held, it stays; what left later is for a later publication.
    expect(known).toEqual(expect.arrayContaining(['10.0.0.5', '10.0.0.8']));
  });

  it('forgets that an endpoint left once it is back', async () => {
    recorder.left('shop/web', a, left());
    recorder.published('shop/web', publishing({ before: [a], after: [a] }));
    expect(recorder.removals('shop/web')).toEqual([]);
    recorder.published('shop/web', publishing({ before: [a] }));
    await eventually(() => expect(recorder.removals('shop/web')).toMatchObject([{ reason: 'Unexplained' }]));
  });

  it('knows why an endpoint left that was just being published', async () => {
    recorder.left('shop/web', a, left({ reason: 'Changed', revision: 11 }));
    recorder.published('shop/web', publishing({ after: [a], revision: 10 }));
    recorder.published('shop/web', publishing({ before: [a], revision: 11 }));
    await eventually(() => expect(recorder.removals('shop/web')).toMatchObject([{ reason: 'Changed' }]));
  });

  it('takes another port of an address for another endpoint', async () => {
    recorder.left('shop/web', at('10.0.0.5', 81), left({ reason: 'Changed' }));
    recorder.published('shop/web', publishing({ before: [a, at('10.0.0.5', 81)], after: [a] }));
    await eventually(() => expect(recorder.removals('shop/web')).toMatchObject([{ ports: [81] }]));
  });
});

describe('FlightRecorder of what was held', () => {
  const hold = { id: 'bcdfgh', scope: 'Registry' as const, until: clock.now() + 300_000 };

  it.each([
    ['HoldReleased', 'bcdfgh', 0],
    ['HoldEnded', 'another', 0],
    ['HoldExpired', undefined, 300_000],
  ])('says %s', async (reason, released, laterMs) => {
    recorder.left('shop/web', a, left());
    recorder.holds('shop/web', { held: [a], hold, released: undefined });
    recorder.published('shop/web', publishing({ before: [a, b], after: [a] }));
    expect(recorder.removals('shop/web')).toMatchObject([{ reason: 'KeyGone', hold: 'bcdfgh' }]);
    clock.advance(laterMs);
    recorder.holds('shop/web', { held: [], hold: undefined, released });
    recorder.published('shop/web', publishing({ before: [a] }));
    await eventually(() =>
      expect(told.find(({ address }) => address === a.address)).toMatchObject({ reason, hold: 'bcdfgh' }),
    );
  });

  it('forgets what has come back to a hold that goes on', async () => {
    recorder.left('shop/web', a, left());
    recorder.left('shop/web', b, left());
    recorder.holds('shop/web', { held: [a, b], hold, released: undefined });
    recorder.published('shop/web', publishing({ before: [a, b], after: [a, b] }));
    recorder.holds('shop/web', { held: [b], hold, released: undefined });
    recorder.published('shop/web', publishing({ before: [a, b], after: [a, b] }));
    expect(recorder.removals('shop/web')).toMatchObject([{ address: b.address }]);
  });
});

describe('FlightRecorder of what drains', () => {
  it('tells the removal when the last connections had their time', async () => {
    const draining = { ...a, ready: false, drainUntil: clock.now() + 1000 };
    recorder.left('shop/web', a, left({ reason: 'Filtered' }));
    recorder.published('shop/web', publishing({ before: [a], after: [draining] }));
    expect(told).toEqual([]);
    recorder.published('shop/web', publishing({ before: [draining], after: [] }));
    await eventually(() => expect(told).toMatchObject([{ address: a.address, reason: 'Filtered' }]));
  });
});

describe('the memory of FlightRecorder', () => {
  it('keeps the last hundred removals of an EtcdService, the latest first', async () => {
    const many = Array.from({ length: 150 }, (_, index) => at(`10.0.1.${index}`));
    for (const endpoint of many) {
      recorder.left('shop/web', endpoint, left({ reason: 'Changed' }));
      recorder.published('shop/web', publishing({ before: [endpoint] }));
      await eventually(() => expect(told.at(-1)).toMatchObject({ address: endpoint.address }), {
        intervalMs: 1,
      });
      clock.advance(1);
    }
    const removals = recorder.removals('shop/web');
    expect(removals).toHaveLength(100);
    expect(removals[0]).toMatchObject({ address: '10.0.1.149' });
  });

  it('keeps each EtcdService apart, and forgets one that is gone', async () => {
    recorder.left('shop/web', a, left());
    recorder.left('shop/web', b, left());
    recorder.left('shop/api', a, left());
    recorder.published('shop/web', publishing({ before: [a] }));
    await eventually(() => expect(told).toHaveLength(1));
    recorder.forget('shop/web');
    expect(recorder.removals('shop/web')).toEqual([]);
    expect(recorder.removals('shop/api')).toHaveLength(1);
  });
});
