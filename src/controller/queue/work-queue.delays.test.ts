import { describe, expect, it } from 'vitest';
import { turns } from '../../../test/kit/fake-clock.ts';
import { started } from '../../../test/kit/queue-rig.ts';
import { TerminalError } from '../../errors.ts';

describe('a delayed add', () => {
  it('takes effect at its time and not before', async () => {
    const rig = started();
    rig.queue.addAfter('a', 1000);
    await rig.advance(999);
    expect(rig.started).toEqual([]);
    await rig.advance(1);
    expect(rig.started).toEqual(['a']);
  });

  it('counts once for a key, at the earliest of the times asked for', async () => {
    const rig = started();
    rig.queue.addAfter('a', 1000);
    rig.queue.addAfter('a', 300);
    rig.queue.addAfter('a', 2000);
    expect(rig.queue.snapshot().delayed).toBe(1);
    await rig.advance(300);
    await rig.running('a').succeed();
    await rig.advance(10_000);
    expect(rig.started).toEqual(['a']);
  });

  it('of a key that runs when its time comes is worked on afterwards', async () => {
    const rig = started();
    rig.queue.addAfter('a', 100);
    await rig.add('a');
    await rig.advance(100);
    expect(rig.started).toEqual(['a']);
    await rig.running('a').succeed();
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('holds one timer for any number of keys', () => {
    const rig = started();
    for (let index = 0; index < 1000; index += 1) {
      rig.queue.addAfter(`key${index}`, 1000 + index);
    }
    expect(rig.clock.pending).toBe(1);
  });

  it('beyond what a timer holds still comes at its time', async () => {
    const rig = started();
    const days = 24 * 3_600_000;
    rig.queue.addAfter('a', 40 * days);
    await rig.advance(39 * days);
    expect(rig.started).toEqual([]);
    await rig.advance(days);
    expect(rig.started).toEqual(['a']);
  });

  it.each([0, -1, Number.NaN])('of %s ms is an add', async (delayMs) => {
    const rig = started();
    rig.queue.addAfter('a', delayMs);
    await turns();
    expect(rig.started).toEqual(['a']);
  });
});

describe('a return that a run has asked for', () => {
  it('comes at its time', async () => {
    const rig = started();
    await rig.add('a');
    await rig.running('a').succeed({ requeueAfterMs: 1000 });
    expect(rig.queue.snapshot().delayed).toBe(1);
    await rig.advance(999);
    expect(rig.started).toEqual(['a']);
    await rig.advance(1);
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('is forgotten where a later run asks for none, or for another time', async () => {
    const rig = started();
    await rig.add('a');
    await rig.running('a').succeed({ requeueAfterMs: 1000 });
    await rig.add('a');
    await rig.running('a').succeed({ requeueAfterMs: 5000 });
    await rig.advance(4999);
    expect(rig.started).toEqual(['a', 'a']);
    await rig.add('a');
    await rig.running('a').succeed();
    await rig.advance(10_000);
    expect(rig.started).toEqual(['a', 'a', 'a']);
  });

  it('stands where a later run fails, whether that is tried again or not', async () => {
    const rig = started();
    await rig.add('a');
    await rig.running('a').succeed({ requeueAfterMs: 1000 });
    await rig.add('a');
    await rig.running('a').fail(new TerminalError('KUBE_INVALID', 'wrong'));
    await rig.advance(1000);
    expect(rig.started).toEqual(['a', 'a', 'a']);
  });

  it('leaves alone what was added to come later by others', async () => {
    const rig = started();
    rig.queue.addAfter('a', 1000);
    await rig.add('a');
    await rig.running('a').succeed();
    await rig.advance(1000);
    expect(rig.started).toEqual(['a', 'a']);
  });
});

describe('the least time between two starts of a key', () => {
  it('lets a lone change through at once and runs a storm once an interval', async () => {
    const rig = started(4, { minIntervalMs: 100 });
    await rig.add('a');
    await rig.running('a').succeed();
    for (let ms = 0; ms < 1000; ms += 10) {
      await rig.add('a');
      if (rig.runningKeys.includes('a')) {
        await rig.running('a').succeed();
      }
      await rig.advance(10);
    }
    expect(rig.started.length).toBeGreaterThanOrEqual(10);
    expect(rig.started.length).toBeLessThanOrEqual(11);
  });

  it('runs what came last within the interval at its end', async () => {
    const rig = started(1, { minIntervalMs: 100 });
    await rig.add('a');
    await rig.running('a').succeed();
    await rig.advance(99);
    await rig.add('a');
    expect(rig.started).toEqual(['a']);
    await rig.advance(1);
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('counts from the start: a run longer than the interval is followed at once', async () => {
    const rig = started(1, { minIntervalMs: 100 });
    await rig.add('a');
    await rig.advance(150);
    await rig.add('a');
    await rig.running('a').succeed();
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('holds no other key back', async () => {
    const rig = started(1, { minIntervalMs: 100 });
    await rig.add('a');
    await rig.running('a').succeed();
    await rig.add('a', 'b');
    expect(rig.runningKeys).toEqual(['b']);
  });
});
