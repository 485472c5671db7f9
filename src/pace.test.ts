import { expect, it } from 'vitest';
import { turns } from '../test/kit/fake-clock.ts';
import { Pace } from './pace.ts';

function busyFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    // Blocks, as a user does that reads many registrations.
  }
}

it('runs what takes long in order, and lets the event loop go round in between', async () => {
  const pace = new Pace();
  const seen: (number | 'round')[] = [];
  for (let task = 0; task < 6; task += 1) {
    pace.add(() => {
      seen.push(task);
      busyFor(6);
    });
  }
  expect(seen, 'not before the caller has returned').toEqual([]);

  for (let round = 0; round < 6; round += 1) {
    await turns(1);
    seen.push('round');
  }

  expect(seen.filter((each) => each !== 'round')).toEqual([0, 1, 2, 3, 4, 5]);
  expect(seen.indexOf('round')).toBeLessThanOrEqual(2);
});

it('runs what is added by what it runs, and nothing once cleared', async () => {
  const pace = new Pace();
  const seen: string[] = [];
  pace.add(() => pace.add(() => seen.push('added')));
  await turns(2);
  pace.add(() => seen.push('never'));
  pace.clear();
  await turns(2);
  expect(seen).toEqual(['added']);
});

it('runs what a task adds after it has cleared all, and nothing of the rest', async () => {
  const pace = new Pace();
  const seen: string[] = [];
  pace.add(() => {
    seen.push('first');
    pace.clear();
    pace.add(() => seen.push('added'));
  });
  pace.add(() => seen.push('never'));
  await turns(2);
  expect(seen).toEqual(['first', 'added']);
});
