import { expect, it } from 'vitest';
import { keyOf } from '../etcd/key.ts';
import type { Discovered } from './discovered.ts';
import { textLine } from './events.ts';
import { LevelFeed } from './level-feed.ts';
import { treeOf } from './tree.ts';

function registered(key: string, ready: boolean): Discovered {
  const instance = { address: '10.0.0.1', ports: {}, ready, metadata: {} };
  const items = [{ kind: 'instance', instance } as const];
  return { key: keyOf(key), createRevision: 1, modRevision: 1, lease: '0', format: 'plain', items };
}

function told(feed: LevelFeed, revision: number, ...registrations: readonly Discovered[]): string[] {
  feed.show(treeOf(registrations, { prefix: '/p', separator: '/' }), revision);
  const lines: string[] = [];
  for (let event = feed.next(); event !== undefined; event = feed.next()) {
    lines.push(textLine(event).trimEnd());
  }
  return lines;
}

it('tells every level once, and later those that have changed or gone', () => {
  const feed = new LevelFeed();
  const web = registered('/p/web/1', true);
  expect(told(feed, 1, web, registered('/p/db/1', true))).toEqual([
    '1 level /p/ up 2/2',
    '1 level /p/db/ up 1/1',
    '1 level /p/db/1 up 1/1',
    '1 level /p/web/ up 1/1',
    '1 level /p/web/1 up 1/1',
  ]);
  expect(told(feed, 2, web, registered('/p/db/1', false))).toEqual([
    '2 level /p/ partly up 1/2',
    '2 level /p/db/ down 0/1',
    '2 level /p/db/1 down 0/1',
  ]);
  expect(told(feed, 3, web)).toEqual(['3 level /p/ up 1/1', '3 level /p/db/ gone', '3 level /p/db/1 gone']);
  expect(told(feed, 4, web)).toEqual([]);
});

it('tells a registration apart from the level whose key it has', () => {
  const feed = new LevelFeed();
  const both = [registered('/p/', false), registered('/p/a', true)];
  expect(told(feed, 1, ...both)).toEqual([
    '1 level /p/ partly up 1/2',
    '1 level /p/ down 0/1',
    '1 level /p/a up 1/1',
  ]);
  expect(told(feed, 2, ...both)).toEqual([]);
});

it('says that the first tree is complete after it', () => {
  const feed = new LevelFeed();
  feed.show(treeOf([registered('/p/a', true)], { prefix: '/p', separator: '/' }), 1);
  feed.synced(1, 1);
  const types = [feed.next(), feed.next(), feed.next(), feed.next()].map((event) => event?.type);
  expect(types).toEqual(['level', 'level', 'synced', undefined]);
});
