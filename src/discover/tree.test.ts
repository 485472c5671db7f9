import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../etcd/key.ts';
import type { Item } from '../formats/types.ts';
import type { Discovered } from './discovered.ts';
import { renderLine } from './terminal-text.ts';
import { type Level, levelsOf, treeOf } from './tree.ts';
import { treeFrame, treeSummary } from './tree-frame.ts';

const source = { prefix: '/p', separator: '/' };

type State = 'ready' | 'not-ready' | 'rejected' | 'ignored';

function item(state: State): Item {
  if (state === 'rejected') {
    return { kind: 'rejected', reason: 'NoAddress', message: 'no address' };
  }
  if (state === 'ignored') {
    return { kind: 'ignored', message: 'a placeholder' };
  }
  const ready = state === 'ready';
  return { kind: 'instance', instance: { address: '10.0.0.1', ports: { '': 80 }, ready, metadata: {} } };
}

function registered(key: string, ...states: readonly State[]): Discovered {
  return {
    key: keyOf(key),
    createRevision: 1,
    modRevision: 1,
    lease: '0',
    format: 'plain',
    items: states.map(item),
  };
}

/** `key state up/of` of every level. */
function told(registrations: readonly Discovered[]): string[] {
  return [...levelsOf(treeOf(registrations, source))].map(
    ({ key, state, up, of }) => `${key} ${state} ${up}/${of}`,
  );
}

describe('the tree of keys', () => {
  it('case 12: shows each level as up, partly up or down, children summed into parents', () => {
    expect(
      told([
        registered('/p/shop/web/1', 'ready'),
        registered('/p/shop/web/2', 'ready'),
        registered('/p/shop/db/1', 'not-ready'),
        registered('/p/mail/1', 'rejected'),
      ]),
    ).toEqual([
      '/p/ partly 2/4',
      '/p/mail/ down 0/1',
      '/p/mail/1 down 0/1',
      '/p/shop/ partly 2/3',
      '/p/shop/db/ down 0/1',
      '/p/shop/db/1 down 0/1',
      '/p/shop/web/ up 2/2',
      '/p/shop/web/1 up 1/1',
      '/p/shop/web/2 up 1/1',
    ]);
  });

  it('counts a key that is a registration and a parent as one more child of its level', () => {
    expect(told([registered('/p/project', 'not-ready'), registered('/p/project/module', 'ready')])).toEqual([
      '/p/ partly 1/2',
      '/p/project/ partly 1/2',
      '/p/project down 0/1',
      '/p/project/module up 1/1',
    ]);
  });

  it('counts every instance of a registration, and no placeholder', () => {
    expect(
      told([registered('/p/a', 'ready', 'not-ready', 'ignored'), registered('/p/b', 'ignored')]),
    ).toEqual(['/p/ partly 1/2', '/p/a partly 1/2']);
  });

  it('is down where nothing is registered', () => {
    expect(told([])).toEqual(['/p/ down 0/0']);
  });

  it('takes a separator at the end of a key for no level', () => {
    expect(told([registered('/p/', 'ready'), registered('/p/a/', 'ready')])).toEqual([
      '/p/ up 2/2',
      '/p/ up 1/1',
      '/p/a/ up 1/1',
    ]);
  });

  it('survives a key of nothing but separators', () => {
    const levels = told([registered(`/p/${'/'.repeat(1_000_000)}x`, 'ready')]);
    expect(levels).toHaveLength(65);
  });

  it('has in each level the sum of its children, whatever is registered', () => {
    const part = fc.constantFrom('a', 'b', 'c', '');
    const key = fc.array(part, { maxLength: 4 }).map((parts) => `/p/${parts.join('/')}`);
    const states = fc.array(fc.constantFrom<State>('ready', 'not-ready', 'rejected', 'ignored'), {
      minLength: 1,
    });
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, states), { selector: ([name]) => name }), (entries) => {
        const root = treeOf(
          entries.map(([name, items]) => registered(name, ...items)),
          source,
        );
        const all = entries.flatMap(([, items]) => items).filter((state) => state !== 'ignored');
        expect([root.up, root.of]).toEqual([all.filter((state) => state === 'ready').length, all.length]);
        for (const level of levelsOf(root)) {
          expect(sumsUp(level)).toBe(true);
        }
      }),
    );
  });
});

function sumsUp({ up, of, state, children, registration }: Level): boolean {
  const sum = (what: 'up' | 'of'): number => children.reduce((total, child) => total + child[what], 0);
  const expected = up === 0 ? 'down' : up === of ? 'up' : 'partly';
  return state === expected && (registration !== undefined || (sum('up') === up && sum('of') === of));
}

describe('the tree on a screen', () => {
  it('is indented by level, with what is summed up or registered there', () => {
    const root = treeOf(
      [
        registered('/p/web', 'not-ready'),
        registered('/p/web/1', 'ready'),
        registered('/p/\x1b[2J', 'rejected'),
      ],
      source,
    );
    expect(treeFrame(root).map((line) => renderLine(line, undefined, false))).toEqual([
      '/p/          partly up  1/3',
      '  \\u{1b}[2J  down       NoAddress: no address',
      '  web/       partly up  1/2',
      '    .        down       10.0.0.1:80',
      '    1        up         10.0.0.1:80',
    ]);
    expect(treeSummary(root)).toBe('1 of 3 up in 4 levels');
  });
});
