import { beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { FirstStatuses } from './first-statuses.ts';

const [web, api] = ['shop/web', 'shop/api'] as ObjectKey[] as [ObjectKey, ObjectKey];

let clock: FakeClock;
let othersWait: boolean;
let cameLast: ObjectKey[];
let first: FirstStatuses;

/** A reconcile that brings the first endpoints; whether the status waits. */
function publish(key: ObjectKey): boolean {
  const waitMs = first.waits(first.begin(key), true);
  first.end();
  return waitMs > 0;
}

beforeEach(() => {
  clock = new FakeClock();
  [othersWait, cameLast] = [false, []];
  first = new FirstStatuses({
    clock,
    othersWait: () => othersWait,
    comeLast: (key) => cameLast.push(key),
  });
});

it('is written at once where nobody else waits', () => {
  expect(publish(web)).toBe(false);
});

it('waits for those that wait for a worker, and comes when the last of them has had one', () => {
  othersWait = true;
  expect(publish(web)).toBe(true);
  expect(cameLast).toEqual([]);

  othersWait = false;
  expect(publish(api)).toBe(false);
  expect(cameLast).toEqual([web]);
  expect(first.waits(first.begin(web), false)).toBe(0);
});

it('waits for those that are only listed yet, but for none longer than its status would', async () => {
  first.expect(web);
  first.expect(api);
  expect(publish(web)).toBe(true);
  expect(first.whileListed(first.begin(api))).toBe(2000);
  expect(publish(web)).toBe(true);

  await clock.advance(1500);
  expect(first.whileListed(first.begin(api))).toBe(500);
  expect(cameLast).toEqual([]);

  await clock.advance(500);
  expect(first.whileListed(first.begin(api)), 'it is time to tell that this is being listed').toBe(0);
  first.end();
  expect(cameLast).toEqual([web]);
});

it('waits on where its endpoints change meanwhile, and not for what is known no more', () => {
  first.expect(api);
  publish(web);
  expect(first.waits(first.begin(web), false)).toBe(10_000);

  first.forget(api);
  first.end();
  expect(cameLast).toEqual([web]);
});

it('waits for nobody of an earlier term, who may be gone', () => {
  first.expect(api);
  expect(publish(web)).toBe(true);
  first.startOver();
  expect(publish(web)).toBe(false);
  expect(cameLast).toEqual([]);
});

it('waits for ten seconds at the most, however many others come', async () => {
  othersWait = true;
  expect(publish(web)).toBe(true);
  await clock.advance(4000);
  expect(first.waits(first.begin(web), false)).toBe(6000);
  await clock.advance(6000);
  expect(first.waits(first.begin(web), false)).toBe(0);
});

it('is called once, though others come to their end meanwhile', () => {
  othersWait = true;
  publish(web);
  othersWait = false;
  for (const _ of [1, 2, 3]) {
    first.begin(api);
    first.end();
  }
  expect(cameLast).toEqual([web]);
});
