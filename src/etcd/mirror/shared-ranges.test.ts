import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import { Follower, ModelEtcd } from '../../../test/kit/model-etcd.ts';
import { keyOf, prefixRange } from '../key.ts';
import type { Log } from '../log.ts';
import type { MirroredRange } from '../types.ts';
import { Mirror } from './mirror.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const root = 's/';
const services = Array.from({ length: 50 }, (_, service) => `s/${service}/`);

interface Scene {
  readonly etcd: ModelEtcd;
  readonly clock: FakeClock;
  readonly mirror: Mirror;
  follow(prefix: string): { readonly told: Follower; readonly range: MirroredRange };
  /** Lets all that is under way arrive. */
  settle(): Promise<void>;
}

function setUp(prefixes: readonly string[] = services): Scene {
  const [etcd, clock] = [new ModelEtcd(), new FakeClock()];
  const mirror = new Mirror(etcd.client, { clock, log: silent, random: () => 0.5 });
  onTestFinished(async () => {
    await mirror.close();
    expect(clock.pending).toBe(0);
  });
  for (const prefix of prefixes) {
    etcd.write([{ key: `${prefix}1`, value: 'v' }]);
  }
  return {
    etcd,
    clock,
    mirror,
    follow: (prefix) => {
      const told = new Follower();
      return { told, range: mirror.follow(prefixRange(keyOf(prefix)), told) };
    },
    settle: async () => {
      for (let round = 0; round < 4; round += 1) {
        await turns(90);
        etcd.flow(1_000);
      }
    },
  };
}

describe('a wide range and 50 within it', () => {
  it.each(['first', 'last'] as const)(
    'take one list and one watch where the wide one is followed %s',
    async (when) => {
      const { etcd, mirror, follow, settle } = setUp();

      const prefixes = when === 'first' ? [root, ...services] : [...services, root];
      const followed = prefixes.map(follow);
      await settle();

      expect(etcd.lists).toEqual([root]);
      expect(etcd.watched).toEqual([root]);
      expect(mirror.stats()).toMatchObject({ ranges: 51, watches: 1, keys: 50, unlisted: 0 });
      expect(followed.map(({ told }) => told.content.size)).toEqual(
        prefixes.map((prefix) => (prefix === root ? 50 : 1)),
      );
    },
  );

  it('take one watch in the end where the narrow ones were followed long before, and hold each value once', async () => {
    const { etcd, mirror, follow, settle } = setUp();
    const narrow = services.map(follow);
    await settle();
    expect(mirror.stats().watches).toBe(50);
    const before = narrow.map(({ range }) => range.registrations.get(keyOf(`${range.range.start}1`)));

    const wide = follow(root);
    await settle();

    expect(etcd.watched).toEqual([root]);
    expect(narrow.flatMap(({ told }) => told.faults)).toEqual([]);
    for (const registration of before) {
      expect(wide.range.registrations.get(registration?.key ?? keyOf(''))).toBe(registration);
    }
  });

  it('are compared where one within was to be, and the wide one took its place meanwhile', async () => {
    const { etcd, clock, follow, settle } = setUp(['s/0/', 's/1/', 's/2/']);
    const narrow = follow('s/0/');
    await settle();
    follow(root);
    await turns(2);
    clock.advance(1_000);
    const asked = clock.monotonic();

    narrow.range.confirm();
    await settle();
    expect(etcd.watched).toEqual([root]);
    await settle();

    expect(narrow.range.confirmedAt).toBeGreaterThanOrEqual(asked);
  });

  it('are listed once more where all are refreshed at the beginning of a term', async () => {
    const { etcd, clock, follow, settle } = setUp();
    const followed = [root, ...services].map(follow);
    await settle();
    clock.advance(1_000);
    const began = clock.monotonic();
    etcd.lists.length = 0;

    const refreshed = followed.slice(0, 25).map(({ range }) => range.refresh(began));
    await turns(2);
    clock.advance(1);
    refreshed.push(...followed.slice(25).map(({ range }) => range.refresh(began)));
    await Promise.all([...refreshed, settle()]);

    expect(etcd.lists).toEqual([root]);
    expect(new Set(followed.map(({ range }) => range.listedAt))).toEqual(new Set([began]));
  });

  it('are told of a later list each, also where it differs for others only, after what differs', async () => {
    const { etcd, follow, settle } = setUp();
    const [wide, narrow, other] = [root, 's/0/', 's/1/'].map(follow);
    await settle();
    expect(narrow?.told.lists, 'the first one is told as such').toEqual([]);
    etcd.cut();

    etcd.write([{ key: 's/0/1', value: 'new' }]);
    await Promise.all([wide?.range.refresh(), settle()]);

    const contents = [wide, narrow, other].map((one) => one?.told.content);
    expect([wide, narrow, other].map((one) => one?.told.lists.map(([content]) => content))).toEqual(
      contents.map((content) => [content]),
    );
    expect(narrow?.told.content.get(keyOf('s/0/1'))).toMatch(/^new@/);
  });

  it('doubt after a later list what differs, and everything where the stream was another one before', async () => {
    const { etcd, clock, follow, settle } = setUp(['s/0/', 's/1/']);
    const { range, told } = follow(root);
    await settle();
    await Promise.all([range.refresh(), settle()]);
    etcd.write([{ key: 's/0/1', value: 'new' }]);
    clock.advance(1);
    await Promise.all([range.refresh(), settle()]);
    etcd.cut();
    await settle();
    clock.advance(1_000);
    await settle();
    await Promise.all([range.refresh(), settle()]);
    expect(told.lists.map(([, unseen]) => unseen)).toEqual(['all', ['s/0/1'], 'all']);
  });

  it('are told of a write each by the one that it concerns', async () => {
    const { etcd, follow, settle } = setUp();
    const [wide, first, second] = [root, 's/0/', 's/1/'].map(follow);
    await settle();

    etcd.write([
      { key: 's/0/1', value: 'new' },
      { key: 's/9/1', value: undefined },
    ]);
    etcd.flow(1);
    await turns(1);

    expect(first?.told.content.get(keyOf('s/0/1'))).toMatch(/^new@/);
    expect(wide?.told.content.size).toBe(49);
    expect(first?.range.revision).toBe(etcd.revision);
    expect(second?.range.revision, 'what does not concern it moves its revision all the same').toBe(
      etcd.revision,
    );
  });
});

describe('a range within one that cannot be listed', () => {
  it('is listed by itself at once where the wide one is refused, and shares it once that is granted', async () => {
    const { etcd, clock, mirror, follow, settle } = setUp();
    etcd.refused.add(root);
    const [wide, ...narrow] = [root, 's/0/', 's/1/'].map(follow);
    await settle();

    expect(narrow.map(({ range }) => range.synced)).toEqual([true, true]);
    expect(narrow.map(({ told }) => told.failureChanges)).toEqual([0, 0]);
    expect(wide?.range.failure?.error).toMatchObject({ code: 'ETCD_PERMISSION_DENIED' });
    expect(mirror.stats()).toMatchObject({ watches: 3, unlisted: 1 });

    etcd.refused.clear();
    clock.advance(60_000);
    await settle();

    expect(wide?.range.failure).toBeUndefined();
    expect(etcd.watched).toEqual([root]);
    expect(narrow.flatMap(({ told }) => told.faults)).toEqual([]);
  });

  it('waits five seconds and no longer for a list that does not come', async () => {
    const { etcd, clock, follow, settle } = setUp();
    etcd.silent.add(root);
    const [, narrow] = [root, 's/0/'].map(follow);
    await settle();
    clock.advance(4_999);
    await settle();
    expect([narrow?.range.synced, etcd.lists]).toEqual([false, []]);

    clock.advance(1);
    await settle();

    expect([narrow?.range.synced, etcd.lists]).toEqual([true, ['s/0/']]);
    expect(follow('s/1/').range.synced, 'nor does another one that comes later').toBe(false);
    await settle();
    expect(etcd.lists).toEqual(['s/0/', 's/1/']);
  });

  it('is listed with the wide one when etcd, that was away from the beginning, answers', async () => {
    const { etcd, clock, follow, settle } = setUp();
    etcd.away = true;
    const followed = [...services, root].map(follow);
    for (let second = 0; second < 60; second += 1) {
      clock.advance(1_000);
      await turns(4);
    }
    expect(new Set(followed.map(({ told }) => told.failureChanges))).toEqual(new Set([1]));

    etcd.away = false;
    clock.advance(2_000);
    await settle();

    expect(etcd.lists.length, 'what was tried again just before').toBeLessThanOrEqual(16);
    expect(etcd.watched).toEqual([root]);
    expect(followed.every(({ range }) => range.synced && range.failure === undefined)).toBe(true);
  });
});

describe('a range whose wide one goes', () => {
  it('goes on from where that stood, without a list, and loses nothing that is written meanwhile', async () => {
    const { etcd, follow, settle } = setUp();
    const [wide, ...narrow] = [root, 's/0/', 's/1/'].map(follow);
    await settle();
    etcd.lists.length = 0;

    etcd.write([{ key: 's/0/2', value: 'before' }]);
    wide?.range.release();
    etcd.write([{ key: 's/1/2', value: 'after' }]);
    await settle();

    expect(etcd.lists).toEqual([]);
    expect([...etcd.watched].sort()).toEqual(['s/0/', 's/1/']);
    expect(narrow.map(({ told }) => [...told.content.keys()])).toEqual([
      ['s/0/1', 's/0/2'],
      ['s/1/1', 's/1/2'],
    ]);
    expect(narrow.map(({ told }) => [told.syncs, told.failureChanges, told.faults])).toEqual([
      [1, 0, []],
      [1, 0, []],
    ]);
    expect(
      narrow.map(({ told }) => told.lists),
      'nothing has fallen between',
    ).toEqual([[], []]);
  });

  it('goes on where the wide one is refused, and does not show that failure', async () => {
    const { etcd, clock, follow, settle } = setUp();
    const [wide, narrow] = [root, 's/0/'].map(follow);
    await settle();

    etcd.refused.add(root);
    etcd.cut();
    etcd.write([{ key: 's/0/1', value: 'new' }]);
    clock.advance(1_000);
    await settle();
    clock.advance(1_000);
    await settle();

    expect(wide?.range.failure?.error).toMatchObject({ code: 'ETCD_PERMISSION_DENIED' });
    expect([narrow?.range.failure, narrow?.told.failureChanges]).toEqual([undefined, 0]);
    expect(narrow?.told.content.get(keyOf('s/0/1'))).toMatch(/^new@/);
  });

  it('is shown by the next wider one, where one is followed', async () => {
    const { etcd, follow, settle } = setUp();
    const [everything, , narrow] = ['', root, 's/0/'].map(follow);
    await settle();
    expect(etcd.watched).toHaveLength(1);

    everything?.range.release();
    await settle();

    expect(etcd.watched).toEqual([root]);
    expect(narrow?.range.synced).toBe(true);
  });

  it('is told what lies between where another wider one is ahead, and never goes back to one that is behind', async () => {
    const { etcd, mirror, follow, settle } = setUp(['s/0/', 's/1/', 's/2/']);
    const behind = follow('s/0/');
    const ahead = mirror.follow({ start: keyOf('s/'), end: keyOf('s/0/2') }, new Follower());
    await settle();
    // It lies in both, and is shown by the one that was there first.
    const narrow = follow('s/0/1');
    await settle();
    etcd.write([{ key: 's/0/1', value: 'new' }]);
    etcd.flow(1, 's/');
    await turns(1);
    expect(behind.range.revision).toBeLessThan(ahead.revision);

    behind.range.release();

    expect(narrow.told.content.get(keyOf('s/0/1'))).toMatch(/^new@/);
    expect(narrow.told.lists, 'what lay between is known from its end alone').toEqual([
      [narrow.told.content, 'all'],
    ]);
    expect(narrow.range.revision).toBe(ahead.revision);
    const again = follow('s/0/');
    await settle();
    etcd.write([{ key: 's/0/1', value: 'newer' }]);
    etcd.flow(1, 's/');
    await turns(1);
    ahead.release();
    expect(again.range.revision, 'this one has heard less').toBeLessThan(etcd.revision);
    expect(narrow.range.revision).toBe(etcd.revision);
    await settle();
    expect(narrow.told.content.get(keyOf('s/0/1'))).toMatch(/^newer@/);
    expect(narrow.told.faults).toEqual([]);
    expect(etcd.watched, 'once the wider one has caught up').toEqual(['s/0/']);
  });

  it('has the list that was asked for by itself', async () => {
    const { etcd, clock, follow, settle } = setUp();
    const [wide, narrow] = [root, 's/0/'].map(follow);
    await settle();
    etcd.silent.add(root);
    clock.advance(1);
    const refreshed = narrow?.range.refresh();
    await turns(4);

    wide?.range.release();

    await Promise.all([refreshed, settle()]);
    expect(etcd.lists).toEqual([root, 's/0/']);
  });
});
