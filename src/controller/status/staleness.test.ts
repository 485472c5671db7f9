import { describe, expect, it } from 'vitest';
import { staleness } from './staleness.ts';

const lost = { connected: false, since: 0, sinceMonotonic: 10_000, error: undefined };
const staleMs = 60_000;

describe('what is known of a registry that is away', () => {
  it('is stale after so long, counted by a clock that never steps', () => {
    const at = (now: number) => staleness({ connection: lost, staleMs, wasStale: false, now });
    expect(at(11_000)).toEqual({ isStale: false, lookAgainMs: 59_000 });
    expect(at(70_000)).toEqual({ isStale: true, lookAgainMs: undefined });
  });

  it('stays stale for a process that has just begun to count, until the registry is back', () => {
    const now = 10_001;
    expect(staleness({ connection: lost, staleMs, wasStale: true, now }).isStale).toBe(true);
    const back = { ...lost, connected: true };
    expect(staleness({ connection: back, staleMs, wasStale: true, now }).isStale).toBe(false);
  });

  it('is never stale where nobody has said when', () => {
    const connection = lost;
    expect(staleness({ connection, staleMs: undefined, wasStale: true, now: 1e12 }).isStale).toBe(false);
  });
});
