import { expect, it } from 'vitest';
import { FakeClock, turns } from '../../test/kit/fake-clock.ts';
import { tend } from './tend.ts';

/** Checks that pass (`+`) or fail (`-`) one after the other, a second apart, and what is done about it. */
async function tended(checks: string): Promise<string[]> {
  const clock = new FakeClock();
  const stop = new AbortController();
  const done: string[] = [];
  const keeper = {
    register: async () => void done.push('register'),
    deregister: async () => void done.push('deregister'),
  };
  const voice = { say: () => undefined, warn: (line: string) => void done.push(line) };
  let next = 0;
  const probe = async (): Promise<void> => {
    const result = checks[next];
    next += 1;
    if (result === '-') {
      throw new Error('the answer is 503');
    }
  };
  const check = { probe, passes: 2, failures: 2, intervalMs: 1_000, timeoutMs: 500 };
  const tending = tend(keeper, check, { clock, voice }, stop.signal);
  while (next < checks.length) {
    await turns(2);
    clock.advance(1_000);
  }
  stop.abort();
  await tending;
  return done;
}

const complaint = '--check fails: the answer is 503';

it('registers when the check passes, takes back when it fails, and registers again', async () => {
  expect(await tended('++++')).toEqual(['register']);
  expect(await tended('++-++')).toEqual(['register', complaint]);
  expect(await tended('++---+++')).toEqual(['register', complaint, 'deregister', 'register']);
});

it('takes nothing back that was never registered, and says once why', async () => {
  expect(await tended('------')).toEqual([complaint]);
});

it('registers at once without a check', async () => {
  const done: string[] = [];
  const keeper = { register: async () => void done.push('register'), deregister: async () => undefined };
  const voice = { say: () => undefined, warn: () => undefined };
  await tend(keeper, undefined, { clock: new FakeClock(), voice }, new AbortController().signal);
  expect(done).toEqual(['register']);
});
