import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../test/kit/fake-clock.ts';
import { type Health, nextHealth, unknownHealth, watchHealth } from './health.ts';
import type { Probe } from './probe.ts';

/** The verdict after each check: `+` passed, `-` failed. */
function verdicts(checks: string, thresholds = { passes: 2, failures: 3 }): (boolean | undefined)[] {
  let health: Health = unknownHealth;
  return [...checks].map((check) => {
    health = nextHealth(health, check === '+', thresholds);
    return health.passing;
  });
}

describe('the verdict', () => {
  it('comes after so many checks in a row, and changes after so many', () => {
    expect(verdicts('+')).toEqual([undefined]);
    expect(verdicts('++')).toEqual([undefined, true]);
    expect(verdicts('+-+-+')).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(verdicts('++--+--').at(-1)).toBe(true);
    expect(verdicts('++---')).toEqual([undefined, true, true, true, false]);
    expect(verdicts('---+').at(-1)).toBe(false);
    expect(verdicts('---++').at(-1)).toBe(true);
  });

  it('is never changed by fewer checks than it takes', () => {
    const threshold = fc.integer({ min: 1, max: 5 });
    const checks = fc.array(fc.constantFrom('+', '-')).map((all) => all.join(''));
    fc.assert(
      fc.property(checks, threshold, threshold, (all, passes, failures) => {
        const given = verdicts(all, { passes, failures });
        for (const [index, verdict] of given.entries()) {
          if (verdict === given[index - 1]) {
            continue;
          }
          const run = verdict === true ? '+'.repeat(passes) : '-'.repeat(failures);
          expect(all.slice(0, index + 1).endsWith(run)).toBe(true);
        }
      }),
    );
  });
});

function watch(probe: Probe) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const told: string[] = [];
  const options = { passes: 1, failures: 2, intervalMs: 1_000, timeoutMs: 500 };
  const watching = watchHealth(probe, options, clock, stop.signal, ({ passing }, reason) => {
    told.push(`${passing} ${reason ?? 'passed'}`);
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await turns(2);
  };
  return { clock, stop, told, watching, pass };
}

describe('watching health', () => {
  it('checks again after each interval, and says why a check fails', async () => {
    const answers = [undefined, 'the answer is 503', 'the answer is 500'];
    const { stop, told, watching, pass, clock } = watch(async () => {
      const answer = answers.shift();
      if (answer !== undefined) {
        throw new Error(answer);
      }
    });
    await pass(0);
    await pass(1_000);
    await pass(1_000);
    expect(told).toEqual(['true passed', 'true the answer is 503', 'false the answer is 500']);
    stop.abort();
    await watching;
    expect(clock.pending).toBe(0);
  });

  it('cuts a check off that hangs, even one that does not heed its signal', async () => {
    let signal: AbortSignal | undefined;
    const { stop, told, watching, pass, clock } = watch((given) => {
      signal = given;
      return new Promise(() => undefined);
    });
    await pass(499);
    expect(told).toEqual([]);
    await pass(1);
    expect(told).toEqual(['undefined there is no answer within --check-timeout 500 ms']);
    expect(signal?.aborted).toBe(true);
    await pass(1_000);
    await pass(500);
    expect(told.at(-1)).toMatch(/^false/);
    stop.abort();
    await watching;
    expect(clock.pending).toBe(0);
  });

  it('ends in the midst of a check', async () => {
    const { stop, told, watching, clock } = watch(() => new Promise(() => undefined));
    stop.abort();
    await watching;
    expect({ told, pending: clock.pending }).toEqual({ told: [], pending: 0 });
  });
});
