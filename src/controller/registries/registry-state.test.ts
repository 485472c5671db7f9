import { describe, expect, it } from 'vitest';
import type { Condition } from '../../api/condition.ts';
import { type RegistryState, registryState } from './registry-state.ts';

const lostAt = Date.UTC(2026, 0, 1);
const lost = { connected: false, since: lostAt, sinceMonotonic: 0, error: new Error('no member answers') };
const stateAfter = (seconds: number, key = 'shop/web', shown?: Condition): RegistryState =>
  registryState({ connection: lost, key, shown, now: seconds * 1000 });

describe('what an EtcdService says of its registry', () => {
  it('is that it answers, at once', () => {
    const connection = { connected: true, since: lostAt, sinceMonotonic: 0, error: undefined };
    const input = { connection, key: 'shop/web', shown: undefined, now: 0 };
    expect(registryState(input).finding).toMatchObject({
      status: 'True',
      reason: 'Connected',
    });
  });

  it('stays as it was for the first half minute of an outage', () => {
    const { finding, lookAgainMs } = stateAfter(29.9);
    expect(finding).toBeUndefined();
    expect(lookAgainMs).toBeGreaterThan(0);
  });

  it('is that it does not answer after a minute, with since when and why', () => {
    expect(stateAfter(60).finding).toEqual({
      status: 'False',
      reason: 'Disconnected',
      message: 'etcd has not answered since 2026-01-01T00:00:00Z: no member answers',
      since: lostAt,
    });
  });

  it('is what the status tells already, with since when, where that has been told', () => {
    const shown: Condition = {
      type: 'RegistryConnected',
      status: 'False',
      reason: 'Disconnected',
      message: 'etcd has not answered since 2025-12-31T20:00:00Z: in other words',
      lastTransitionTime: '2025-12-31T20:00:00Z',
    };
    expect(stateAfter(60, 'shop/web', shown).finding).toMatchObject({
      message: shown.message,
      since: Date.UTC(2025, 11, 31, 20),
    });
  });

  it('is told by many EtcdServices over half a minute, each at its own time', () => {
    const told = (seconds: number): number =>
      Array.from({ length: 1000 }, (_, index) => stateAfter(seconds, `shop/web-${index}`)).filter(
        ({ finding }) => finding !== undefined,
      ).length;
    const [early, half, late] = [told(33), told(45), told(57)];
    expect(early).toBeGreaterThan(30);
    expect(early).toBeLessThan(200);
    expect(half).toBeGreaterThan(350);
    expect(half).toBeLessThan(650);
    expect(late).toBeGreaterThan(800);
    expect(told(60)).toBe(1000);
  });
});
