import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { RunningTerm } from './running-term.ts';
import type { TermState } from './term.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function begin() {
  const clock = new FakeClock();
  clock.advance(100);
  const term = new RunningTerm(
    4,
    { writableMs: () => 10_000 - clock.monotonic(), remainingMs: () => 15_000 - clock.monotonic() },
    { clock, log },
  );
  const states: TermState[] = [];
  term.onState((state) => states.push(state));
  return { clock, term, states };
}

describe('a term', () => {
  it('says until when requests may leave, and by when they must be over', () => {
    const { term } = begin();

    expect([term.writableUntil(), term.expiresAt()]).toEqual([10_000, 15_000]);
  });

  it('lets nothing leave while it is suspended, and goes on as the same term', () => {
    const { clock, term, states } = begin();

    term.suspend();
    expect(term.writableUntil()).toBeLessThan(clock.monotonic());
    expect(term.signal.aborted).toBe(false);
    term.resume();

    expect(term.writableUntil()).toBe(10_000);
    expect(states).toEqual(['suspended', 'active']);
  });

  it('ends once, for its first reason, and never comes back', async () => {
    const { clock, term, states } = begin();

    term.end('lease-lost');
    term.end('resigned');
    term.resume();

    await expect(term.ended).resolves.toBe('lease-lost');
    expect(term.signal.reason).toMatchObject({ code: 'TERM_ENDED' });
    expect(term.writableUntil()).toBeLessThan(clock.monotonic());
    expect(term.expiresAt()).toBeLessThan(clock.monotonic());
    expect(states).toEqual(['ended']);
  });

  it('is not harmed by a listener that throws', () => {
    const { term, states } = begin();
    term.onState(() => {
      throw new Error('no');
    });
    term.onState((state) => states.push(state));

    term.suspend();

    expect(states).toEqual(['suspended', 'suspended']);
  });
});
