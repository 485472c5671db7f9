import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drain } from './drain.ts';
import { endpointId } from './match-ports.ts';
import type { DesiredEndpoint } from './types.ts';

const at = (last: number, more: Partial<DesiredEndpoint> = {}): DesiredEndpoint => ({
  address: `10.0.0.${last}`,
  ports: [{ name: '', port: 80, protocol: 'TCP' }],
  ready: true,
  ...more,
});
const common = { drainMs: 30_000, now: 1_000_000, dead: new Set<string>() };

describe('draining', () => {
  it('keeps a removed endpoint as not ready until its deadline', () => {
    expect(drain({ ...common, before: [at(1), at(2)], next: [at(1)] })).toEqual({
      endpoints: [at(1), at(2, { ready: false, drainUntil: 1_030_000 })],
      draining: 1,
      nextDeadline: 1_030_000,
    });
  });

  it('keeps the deadline that an endpoint has, and lets it go then', () => {
    const draining = at(2, { ready: false, drainUntil: 1_010_000 });
    expect(drain({ ...common, before: [draining], next: [] }).endpoints).toEqual([draining]);
    expect(drain({ ...common, before: [draining], next: [], now: 1_010_000 }).endpoints).toEqual([]);
  });

  it('keeps no deadline that is further away than a new one would be', () => {
    const before = [at(2, { ready: false, drainUntil: 9_000_000 })];
    expect(drain({ ...common, before, next: [] }).nextDeadline).toBe(1_030_000);
  });

  it('ends at once where the spec asks for it no more', () => {
    const before = [at(1), at(2, { ready: false, drainUntil: 1_010_000 })];
    expect(drain({ ...common, before, next: [], drainMs: 0 }).endpoints).toEqual([]);
  });

  it('ends in place where the endpoint is wanted again', () => {
    const before = [at(2, { ready: false, drainUntil: 1_010_000 })];
    expect(drain({ ...common, before, next: [at(2)] })).toMatchObject({ endpoints: [at(2)], draining: 0 });
  });

  it('is not for what was not ready, what is dead, and what stays with other ports', () => {
    const before = [at(1, { ready: false }), at(2), at(3)];
    const next = [
      at(3, {
        ports: [
          { name: 'a', port: 80, protocol: 'TCP' },
          { name: 'b', port: 81, protocol: 'TCP' },
        ],
      }),
    ];
    expect(drain({ ...common, before, next, dead: new Set([endpointId(at(2))]) })).toEqual({
      endpoints: next,
      draining: 0,
      nextDeadline: undefined,
    });
  });

  it('leaves nothing behind, whatever happens: one drain time after the last change all is as desired', () => {
    const sets = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 6 })), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(sets, fc.nat(20_000), (history, pace) => {
        let before: readonly DesiredEndpoint[] = [];
        let now = common.now;
        let next: DesiredEndpoint[] = [];
        for (const lasts of history) {
          next = lasts.map((last) => at(last));
          const { endpoints } = drain({ ...common, before, next, now });
          expect(new Set(endpoints.map(endpointId)).size).toBe(endpoints.length);
          expect(endpoints.filter(({ ready }) => ready)).toEqual(next);
          before = endpoints;
          now += pace;
        }
        expect(drain({ ...common, before, next, now: now + 30_000 }).endpoints).toEqual(next);
      }),
    );
  });
});
