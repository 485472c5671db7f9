import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import { momentOf } from '../../clock.ts';
import type { MemberStream, StreamOptions } from '../client/client.ts';
import type { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from '../client/etcd3.ts';
import type { StreamHandler } from '../client/stream.ts';
import { type EtcdError, etcdError } from '../errors.ts';
import { Lease } from './lease.ts';
import type { LeaseClient } from './lease-calls.ts';

const ttlMs = 15_000;

/** A keepalive stream as the member at its other end sees it. */
interface FarEnd {
  readonly member: string;
  readonly received: LeaseKeepAliveRequest[];
  cancelled: boolean;
  answer(ttlSeconds?: number): void;
  fail(): void;
}

/** A lease on a fake clock, before members that say what the test says. */
function rig({ members = ['a', 'b', 'c'] }: { readonly members?: readonly string[] } = {}) {
  const clock = new FakeClock();
  const streams: FarEnd[] = [];
  const told: string[] = [];
  const logged: object[] = [];
  const note = (fields: object): void => void logged.push(fields);
  const preferred: string[] = [];
  let revokes = 0;
  const open = (
    handler: StreamHandler<LeaseKeepAliveResponse>,
    member: string,
  ): MemberStream<LeaseKeepAliveRequest> => {
    const far: FarEnd = {
      member,
      received: [],
      cancelled: false,
      answer: (ttlSeconds = ttlMs / 1_000) => {
        if (!far.cancelled) {
          handler.message({ ID: '7', TTL: String(ttlSeconds) } as LeaseKeepAliveResponse);
        }
      },
      fail: () => handler.ended(etcdError({ code: 14, details: 'gone' }, member, 'x') as EtcdError),
    };
    streams.push(far);
    return {
      member,
      send: (request) => far.received.push(request),
      cancel: () => {
        far.cancelled = true;
      },
      tokenReplaced: () => false,
      tokenRefused: () => {},
      prefer: () => preferred.push(member),
    };
  };
  const client = {
    members,
    openStream: async (_: unknown, handler: never, { only }: StreamOptions) =>
      open(handler, only ?? members[0] ?? ''),
    write: async () => {
      revokes += 1;
      return {};
    },
  } as unknown as LeaseClient;
  const lease = new Lease(
    client,
    '7',
    { sent: momentOf(clock), ttlMs },
    { clock, log: { debug: note, info: note, warn: note, error: note }, random: () => 0 },
  );
  lease.listen({
    renewed: () => told.push('renewed'),
    overdue: () => told.push('overdue'),
    lost: (reason) => told.push(`lost: ${reason}`),
  });
  return {
    clock,
    lease,
    streams,
    told,
    /** Fields of the lines of its log. */
    logged,
    /** Members that the client was told to ask first. */
    preferred,
    get revokes() {
      return revokes;
    },
    /** Lets time pass in steps small enough that everything that waits gets its turn. */
    async pass(byMs: number): Promise<void> {
      for (let passed = 0; passed < byMs; passed += 100) {
        await turns(2);
        clock.advance(100);
      }
      await turns(2);
    },
  };
}

describe('a lease', () => {
  it('is kept alive at a third of the TTL, counted from when the acknowledged keepalive was sent', async () => {
    const { lease, streams, pass } = rig();

    await pass(5_000);
    expect(streams.map(({ received }) => received)).toEqual([[{ ID: '7' }]]);
    await pass(900);
    streams[0]?.answer();

    expect(lease.remainingMs()).toBe(ttlMs - 900);
    await pass(4_000);
    expect(streams[0]?.received).toHaveLength(1);
    await pass(100);
    expect(streams[0]?.received).toHaveLength(2);
  });

  it('is tried again soon while a keepalive is unanswered, each answer counting for its own', async () => {
    const { lease, streams, pass } = rig({ members: ['a'] });

    await pass(8_500);
    expect(streams[0]?.received).toHaveLength(4);
    streams[0]?.answer();
    expect(lease.remainingMs()).toBe(5_000 + ttlMs - 8_500);
    streams[0]?.answer();
    streams[0]?.answer();
    streams[0]?.answer();

    expect(lease.remainingMs()).toBe(8_000 + ttlMs - 8_500);
  });

  it('fault 10: is asked of all members at once when a keepalive is unanswered for 2 s, and goes on with the one that answers', async () => {
    const { lease, streams, told, preferred, pass } = rig();

    await pass(7_000);
    expect(streams.map(({ member }) => member)).toEqual(['a', 'a', 'b', 'c']);
    expect(streams.map(({ received }) => received.length)).toEqual([1, 1, 1, 1]);
    await pass(300);
    streams[3]?.answer();
    await pass(3_000);

    expect(streams.map(({ cancelled }) => cancelled)).toEqual([true, true, true, false]);
    expect(told).toEqual(['renewed']);
    expect(preferred).toEqual(['c']);
    expect(lease.remainingMs()).toBe(ttlMs - 3_300);
  });

  it('fault 10: is asked of all again on new streams, as what follows an unanswered keepalive may have to wait behind it', async () => {
    const { streams, told, pass } = rig();

    await pass(14_900);
    const asked = streams.filter(({ member }) => member === 'b');
    expect(asked.length).toBeGreaterThanOrEqual(6);
    expect(asked.map(({ received }) => received.length)).toEqual(asked.map(() => 1));
    expect(streams.some(({ cancelled }) => cancelled)).toBe(false);
    asked.at(-1)?.answer();
    await pass(5_000);

    expect(told).toEqual(['overdue', 'renewed']);
    expect(streams.filter(({ cancelled }) => !cancelled)).toEqual([asked.at(-1)]);
    expect(asked.at(-1)?.received).toHaveLength(2);
  });

  it('fault 15: takes a late answer for what it is, and goes on with the stream that brought it', async () => {
    const { lease, streams, told, pass } = rig();

    for (let answered = 1; answered <= 10; answered += 1) {
      await pass(answered === 1 ? 8_500 : 5_000);
      expect(streams[0]?.received).toHaveLength(answered);
      streams[0]?.answer();
      expect(lease.remainingMs()).toBe(ttlMs - 3_500);
    }

    expect(told.every((event) => event === 'renewed')).toBe(true);
    expect(streams.filter(({ cancelled }) => !cancelled)).toEqual([streams[0]]);
  });

  it('fault 11: asks members that all refuse no more often than twice a second, until one answers', async () => {
    const { streams, told, pass } = rig();

    await pass(5_000);
    for (let passed = 0; passed < 5_000; passed += 100) {
      for (const stream of streams.filter(({ cancelled }) => !cancelled)) {
        stream.fail();
      }
      await pass(100);
    }
    expect(streams.length).toBeGreaterThan(3 * 9);
    expect(streams.length).toBeLessThan(3 * 16);
    await pass(500);
    streams.at(-1)?.answer();

    expect(told).toEqual(['overdue', 'renewed']);
  });

  it('fault 15: waits for one member that is slow, rather than starting anew with it again and again', async () => {
    const { streams, told, pass } = rig({ members: ['a'] });

    for (let answered = 0; answered < 20; answered += 1) {
      await pass(answered === 0 ? 12_500 : 1_000);
      streams[0]?.answer();
    }

    expect(streams).toHaveLength(1);
    expect(told.slice(0, 2)).toEqual(['overdue', 'renewed']);
    expect(told).not.toContain('lost: expired');
  });

  it('fault 15: is lost when its TTL has passed since the last acknowledged keepalive was sent', async () => {
    const { lease, streams, told, pass } = rig();

    await pass(5_000);
    streams[0]?.answer();
    await pass(9_900);
    expect(told).toEqual(['renewed']);
    await pass(200);
    expect(told).toEqual(['renewed', 'overdue']);
    await pass(4_900);

    expect(told).toEqual(['renewed', 'overdue', 'lost: expired']);
    expect(lease.remainingMs()).toBe(0);
    expect(lease.signal.reason).toMatchObject({ code: 'LEASE_LOST' });
  });

  it('fault 15: is not renewed by an answer to a keepalive that came too late', async () => {
    const { lease, streams, clock, told, pass } = rig({ members: ['a'] });

    await pass(5_000);
    clock.suspend(10_000);
    streams[0]?.answer();

    expect(told).toEqual(['lost: expired']);
    expect(lease.remainingMs()).toBe(0);
  });

  it('fault 15: is lost at once when etcd does not know it, and is not revoked then', async () => {
    const box = rig();

    await box.pass(5_000);
    box.streams[0]?.answer(0);
    await box.pass(20_000);

    expect(box.told).toEqual(['lost: not-found']);
    expect(box.logged).toEqual([{ lease: '0000000000000007', reason: 'not-found' }]);
    expect(box.revokes).toBe(0);
    expect(box.streams.flatMap(({ received }) => received)).toHaveLength(1);
  });

  it('fault 15: lives as long as the TTL of the last answer says, and is kept alive by it', async () => {
    const { lease, streams, pass } = rig();

    await pass(5_000);
    streams[0]?.answer(6);
    expect([lease.ttlMs, lease.remainingMs()]).toEqual([6_000, 6_000]);
    await pass(2_000);

    expect(streams[0]?.received).toHaveLength(2);
  });

  it('fault 15: has one live stream after another has failed, and hears nothing of the old one', async () => {
    const { streams, told, pass } = rig();

    await pass(5_000);
    streams[0]?.fail();
    await pass(100);
    streams[1]?.answer();
    streams[0]?.answer();

    expect(streams.map(({ member }) => member)).toEqual(['a', 'a', 'b', 'c']);
    expect(streams.map(({ cancelled }) => cancelled)).toEqual([true, false, true, true]);
    expect(told).toEqual(['renewed']);
    expect(streams[1]?.received).toHaveLength(1);
  });

  it('fault 15: sends no keepalive once it is closed, and revokes', async () => {
    const box = rig();

    await box.pass(5_000);
    await box.lease.close();
    await box.pass(30_000);

    expect(box.streams.flatMap(({ received }) => received)).toHaveLength(1);
    expect(box.streams.every(({ cancelled }) => cancelled)).toBe(true);
    expect(box.revokes).toBe(1);
    expect(box.told).toEqual([]);
    expect(box.clock.pending).toBe(0);
  });

  it('fault 16: is found lost within a second after the machine has slept, and says so at once to whoever asks', async () => {
    const { lease, clock, told, pass } = rig();

    await pass(1_000);
    clock.suspend(20_000);

    expect(lease.remainingMs()).toBeLessThan(0);
    await pass(1_000);
    expect(told).toEqual(['overdue', 'lost: expired'].slice(-told.length));
    expect(told).toContain('lost: expired');
  });

  it('fault 16: does not mind the wall clock', async () => {
    const { lease, clock, streams, told, pass } = rig();

    await pass(1_000);
    clock.stepWallClock(3_600_000);
    await pass(4_000);
    clock.stepWallClock(-7_200_000);
    streams[0]?.answer();
    await pass(1_000);

    expect(told).toEqual(['renewed']);
    expect(lease.remainingMs()).toBe(ttlMs - 1_000);
  });
});
