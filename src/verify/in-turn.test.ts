import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../test/kit/fake-clock.ts';
import { inTurn, type Step } from './in-turn.ts';

let clock: FakeClock;
let ended: string[];

beforeEach(() => {
  clock = new FakeClock();
  ended = [];
});

const step = (name: string, run: () => Promise<void> = async () => undefined): Step => ({
  run: async () => {
    await run();
    ended.push(name);
  },
  late: () => new Error(`${name} is late`),
});
const failing = (name: string) =>
  step(name, () => {
    throw new Error(`${name} failed`);
  });
const hanging = (name: string) => step(name, () => new Promise(() => undefined));

describe('what is taken apart in turn', () => {
  it('is all taken apart, and nothing is left running', async () => {
    await inTurn(clock, 1000, [step('object'), step('client')]);
    expect(ended).toEqual(['object', 'client']);
    expect(clock.pending).toBe(0);
  });

  it('goes on after a failure, and tells of the first', async () => {
    const done = inTurn(clock, 1000, [failing('object'), failing('lease'), step('client')]);
    await expect(done).rejects.toThrow('object failed');
    expect(ended).toEqual(['client']);
    expect(clock.pending).toBe(0);
  });

  it('goes on after what does not end', async () => {
    const done = inTurn(clock, 1000, [hanging('lease'), step('client')]);
    const told = expect(done).rejects.toThrow('lease is late');
    await turns(2);
    clock.advance(999);
    await turns(4);
    expect(ended).toEqual([]);
    clock.advance(1);
    await told;
    expect(ended).toEqual(['client']);
  });
});
