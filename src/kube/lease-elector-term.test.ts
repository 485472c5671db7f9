import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { momentOf } from '../clock.ts';
import { codeOf } from '../errors.ts';
import type { TermState } from '../leadership/term.ts';
import { LeaseTerm } from './lease-elector-term.ts';

const TTL_MS = 15_000;
const silent = (): void => undefined;
const log = { info: silent, warn: silent, error: silent };

let clock: FakeClock;
let held: LeaseTerm;
let states: TermState[];

/** A term whose Lease was taken with a write sent now. */
beforeEach(() => {
  clock = new FakeClock();
  held = new LeaseTerm({ number: 3, sent: momentOf(clock) }, TTL_MS, { clock, log });
  states = [];
  held.term.onState((state) => states.push(state));
});

/** Whether a request may leave now. */
function isWritable(): boolean {
  return clock.monotonic() < held.term.writableUntil();
}

describe('the term of a Lease', () => {
  it('lets writes leave for two thirds of its time, and is over at its end', async () => {
    expect(held.term).toMatchObject({ number: 3, state: 'active' });
    expect(held.term.writableUntil()).toBe(10_000);
    expect(held.term.expiresAt()).toBe(15_000);
    clock.advance(9_999);
    expect(isWritable()).toBe(true);
    clock.advance(1);
    expect(isWritable()).toBe(false);
    expect(held.term.expiresAt()).toBe(15_000);
    clock.advance(5_000);
    expect(states).toEqual(['suspended', 'ended']);
    await expect(held.term.ended).resolves.toBe('lease-lost');
    expect(codeOf(held.term.signal.reason)).toBe('TERM_ENDED');
    expect(clock.pending).toBe(0);
  });

  it('goes on from when a renewal was sent, however late its answer comes', () => {
    clock.advance(8_000);
    const sent = momentOf(clock);
    clock.advance(1_500);
    held.renewed(sent);
    expect(held.term.writableUntil()).toBe(18_000);
    expect(held.term.expiresAt()).toBe(23_000);
    expect(states).toEqual([]);
  });

  it('resumes with a renewal that is acknowledged before its end', () => {
    clock.advance(9_000);
    const sent = momentOf(clock);
    clock.advance(5_999);
    expect(states).toEqual(['suspended']);
    held.renewed(sent);
    expect(states).toEqual(['suspended', 'active']);
    expect(held.term.writableUntil()).toBe(19_000);
  });

  it('stays suspended with a renewal that was sent too long ago', () => {
    clock.advance(1_000);
    const sent = momentOf(clock);
    clock.advance(13_000);
    held.renewed(sent);
    expect(states).toEqual(['suspended']);
    expect(isWritable()).toBe(false);
    expect(held.term.expiresAt()).toBe(16_000);
  });

  it('never comes back by an answer after its end', async () => {
    clock.advance(14_000);
    const sent = momentOf(clock);
    clock.advance(1_000);
    held.renewed(sent);
    expect(held.term.state).toBe('ended');
    expect(isWritable()).toBe(false);
  });

  it('closes the gate for a process that slept, before any timer has run', () => {
    clock.suspend(10_000);
    expect(isWritable()).toBe(false);
    clock.suspend(5_000);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(held.term.expiresAt());
    held.renewed(momentOf(clock));
    expect(held.term.state).toBe('ended');
  });

  it('notices within a second of running that the machine has slept', () => {
    clock.suspend(15_000);
    clock.advance(1_000);
    expect(states).toEqual(['ended']);
  });

  it('does not mind the wall clock', () => {
    clock.stepWallClock(3_600_000);
    clock.advance(5_000);
    clock.stepWallClock(-7_200_000);
    expect(isWritable()).toBe(true);
    expect(held.term.expiresAt()).toBe(15_000);
  });

  it('is over once, and leaves no timer behind', async () => {
    held.end('key-lost');
    held.end('resigned');
    await expect(held.term.ended).resolves.toBe('key-lost');
    expect(isWritable()).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
