import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointId } from '../match-ports.ts';
import type { DesiredEndpoint } from '../types.ts';
import { Account, type Cause } from './account.ts';
import type { Loss } from './limits.ts';

const port = (number: number) => ({ name: '', port: number, protocol: 'TCP' }) as const;
const at = (last: number, more: Partial<DesiredEndpoint> = {}): DesiredEndpoint => ({
  address: `10.0.0.${last}`,
  ports: [port(80)],
  ready: true,
  ...more,
});
const from = (first: number, count: number): DesiredEndpoint[] =>
  Array.from({ length: count }, (_, index) => at(first + index));
const byId = (endpoints: readonly DesiredEndpoint[]): Map<string, DesiredEndpoint> =>
  new Map(endpoints.map((endpoint) => [endpointId(endpoint), endpoint]));
/** The same with a second port. */
const wide = (last: number): DesiredEndpoint => at(last, { ports: [port(80), port(443)] });
const lost = (): Cause => ({ kind: 'loss' });
const stated = (): Cause => ({ kind: 'statement' });

/** An account of a service that is published, to be changed at later times. */
function open(published: readonly DesiredEndpoint[]) {
  const account = new Account(published);
  let now = 0;
  return {
    account,
    to(desired: readonly DesiredEndpoint[], causeOf: (id: string) => Cause = lost) {
      now += 1000;
      const gone = account.enter(byId(desired), causeOf, now);
      account.published();
      return gone;
    },
    held: () => Array.from(account.vanished.values(), ({ endpoint }) => endpoint.address),
  };
}

function lossOf(account: Account): Loss {
  const lost = account.lost().length;
  return { lost, stood: account.standing.size + lost };
}

describe('the books of one EtcdService', () => {
  it('count what is published and no longer in etcd as lost', () => {
    const { account, to } = open(from(1, 10));
    to(from(1, 4));
    expect(lossOf(account)).toEqual({ lost: 6, stood: 10 });
  });

  it('count nothing that has gone by statement', () => {
    const { account, to } = open(from(1, 10));
    expect(to(from(1, 4), stated)).toBe(6);
    expect(lossOf(account)).toEqual({ lost: 0, stood: 4 });
  });

  it('tell how many of those that went by statement were ready', () => {
    const { to } = open([at(1), at(2, { ready: false })]);
    expect(to([], stated)).toBe(1);
  });

  it('take one that stays as not ready for one that is ready no more by statement', () => {
    const { to } = open([at(1), at(2), at(3, { ready: false })]);
    expect(to([at(1, { ready: false }), at(2), at(3, { ready: false })])).toBe(1);
  });

  it('count a newcomer for one that was there before it, whichever comes first', () => {
    const early = open(from(1, 11));
    early.to([...from(1, 11), ...from(101, 10)]);
    early.to(from(101, 10));
    expect(lossOf(early.account)).toEqual({ lost: 1, stood: 11 });

    const late = open(from(1, 11));
    late.to([]);
    late.to(from(101, 10));
    expect(lossOf(late.account)).toEqual({ lost: 1, stood: 11 });
  });

  it('count no newcomer for one that came after it or with it', () => {
    const { account, to } = open([]);
    to(from(1, 20));
    to(from(1, 8));
    expect(lossOf(account)).toEqual({ lost: 12, stood: 20 });
  });

  it('count each newcomer once: what replaced one before is no replacement for the next', () => {
    const { account, to } = open(from(1, 5));
    to(from(101, 5), stated);
    to([]);
    expect(lossOf(account)).toEqual({ lost: 5, stood: 5 });
  });

  it('never lose more than a quarter while 20 instances are replaced 25 % at a time', () => {
    const { account, to } = open(from(1, 20));
    for (let step = 0; step < 4; step += 1) {
      const replaced = step * 5;
      to([...from(101, replaced), ...from(1 + replaced + 5, 15 - replaced)]);
      expect(lossOf(account).lost).toBe(5);
      to([...from(101, replaced + 5), ...from(1 + replaced + 5, 15 - replaced)]);
      expect(lossOf(account)).toEqual({ lost: 0, stood: 20 });
    }
  });

  it('count each loss once where instances come and vanish again and again', () => {
    const { account, to } = open(from(1, 9));
    for (let round = 0; round < 10; round += 1) {
      to([...from(1, 9), ...from(20 + round * 6, 6)]);
      expect(lossOf(account).lost).toBe(0);
      to(from(1, 9));
      expect(lossOf(account)).toEqual({ lost: 6, stood: 15 });
    }
  });

  it('lose nothing where one instance is replaced by another again and again, faster than it is published', () => {
    const account = new Account(from(1, 2));
    for (let round = 0; round < 40; round += 1) {
      account.enter(byId([at(2), at(10 + round)]), lost, 1 + round);
      if (round % 3 === 0) {
        account.published();
      }
      expect(lossOf(account).lost).toBe(0);
    }
  });

  it('forget what comes back', () => {
    const { account, to, held } = open(from(1, 10));
    to([]);
    to(from(1, 7));
    expect(held()).toEqual(['10.0.0.8', '10.0.0.9', '10.0.0.10']);
    to(from(1, 10));
    expect(lossOf(account)).toEqual({ lost: 0, stood: 10 });
  });

  it('keep the last conditions of what vanished', () => {
    const { account, to } = open([at(1)]);
    to([at(1, { ready: false, zone: 'a' })]);
    to([]);
    expect([...account.vanished.values()]).toMatchObject([{ endpoint: at(1, { ready: false, zone: 'a' }) }]);
  });

  it('miss nothing that comes back with other ports, or in parts', () => {
    const whole = at(1, { ports: [port(80), port(443)] });
    const { account, to } = open([at(1, { ports: [port(80)] }), at(1, { ports: [port(443)] })]);
    to([whole]);
    to([at(1, { ports: [port(443), port(8443)] })]);
    expect(lossOf(account)).toEqual({ lost: 0, stood: 1 });
    to([at(1, { ports: [port(9000)] })]);
    expect(account.vanished.size).toBe(1);
  });

  it('take a newcomer that changes its shape for one that came when it came, and for none once it has gone', () => {
    const other = at(9);
    const changed = wide(9);
    const alive = open([]);
    alive.to([at(1)]);
    alive.to([at(1), other]);
    alive.to([at(1), changed]);
    alive.to([changed]);
    expect(lossOf(alive.account)).toEqual({ lost: 0, stood: 1 });

    const dead = open([]);
    dead.to([at(1)]);
    dead.to([at(1), other]);
    dead.to([at(1), changed]);
    dead.to([]);
    expect(lossOf(dead.account)).toEqual({ lost: 2, stood: 2 });
  });

  it('take what changes its shape for one that came when it came', () => {
    const { account, to } = open([at(1)]);
    to([at(1), at(9)]);
    to([at(1), at(9), at(8)]);
    to([at(1), wide(9), at(8)]);
    to([at(1), wide(9)]);
    expect(lossOf(account)).toEqual({ lost: 1, stood: 3 });
  });

  it('lose nothing where all ports get another name during a release', () => {
    const named = (last: number) => at(last, { ports: [{ ...port(80), name: 'http' }] });
    const { account, to } = open(from(1, 10));
    to([...from(1, 10), ...from(11, 10)]);
    to(Array.from({ length: 20 }, (_, index) => named(1 + index)));
    to(Array.from({ length: 10 }, (_, index) => named(11 + index)));
    expect(lossOf(account)).toEqual({ lost: 0, stood: 10 });
  });

  it('take one that comes back in another shape for no newcomer', () => {
    const { account, to } = open(from(1, 10));
    to(from(3, 8));
    to([wide(1), ...from(3, 8)]);
    expect(lossOf(account)).toEqual({ lost: 1, stood: 10 });
    account.enter(byId(from(3, 8)), lost, 4000);
    expect(lossOf(account)).toEqual({ lost: 2, stood: 10 });
  });

  it('miss nothing that was never published, in whatever shape', () => {
    const account = new Account([at(1)]);
    account.enter(byId([at(1), at(9)]), lost, 1);
    account.enter(byId([at(1), wide(9)]), lost, 2);
    account.enter(byId([at(1)]), lost, 3);
    expect(account.vanished.size).toBe(0);
  });

  it('count each newcomer that goes for one that came before it, whatever their addresses are', () => {
    const { account, to } = open([at(1)]);
    to([at(1), at(20)]);
    to([at(1), at(5), at(20)]);
    to([at(1), at(5), at(10), at(20)]);
    to([at(10), at(20)]);
    expect(lossOf(account)).toEqual({ lost: 0, stood: 2 });
    to([]);
    expect(lossOf(account)).toEqual({ lost: 2, stood: 2 });
  });

  it('miss nothing that was never published', () => {
    const account = new Account([]);
    account.enter(byId(from(1, 3)), lost, 1);
    account.enter(byId([]), lost, 2);
    expect(account.vanished.size).toBe(0);
  });

  it('forget what vanished before the window, and newcomers that came long before', () => {
    const { account, to } = open(from(1, 10));
    to(from(1, 5));
    to(from(1, 4));
    account.close(2000);
    expect(lossOf(account)).toEqual({ lost: 1, stood: 5 });

    to([...from(1, 4), ...from(101, 4)]);
    account.forgetNewcomers(10_000);
    to(from(101, 4));
    expect(lossOf(account)).toEqual({ lost: 5, stood: 9 });
  });

  it('forget what turns out to be a statement, with the newcomer that came for it', () => {
    const { account, to } = open(from(1, 2));
    to([at(101)]);
    account.explain(endpointId(at(1)));
    expect(lossOf(account)).toEqual({ lost: 1, stood: 2 });
  });

  it('lose never less than nothing nor more than stood, over any history', () => {
    const one = fc.record({ last: fc.integer({ min: 1, max: 12 }), isWide: fc.boolean() });
    const some = fc.uniqueArray(one, { selector: ({ last }) => last });
    const sets = fc.array(some, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sets, fc.infiniteStream(fc.boolean()), (history, coins) => {
        const [first = [], ...rest] = history.map((set) =>
          set.map(({ last, isWide }) => (isWide ? wide(last) : at(last))),
        );
        const { account, to } = open(first);
        for (const desired of rest) {
          to(desired, () => (coins.next().value ? stated() : lost()));
          const loss = lossOf(account);
          expect(loss.lost).toBeGreaterThanOrEqual(0);
          expect(loss.stood).toBe(desired.length + loss.lost);
          const addresses = new Set(desired.map(({ address }) => address));
          const missed = Array.from(account.vanished.values(), ({ endpoint }) => endpoint.address);
          expect(missed.filter((address) => addresses.has(address))).toEqual([]);
        }
      }),
    );
  });
});
