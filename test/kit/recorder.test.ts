import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/etcd/bytes.ts';
import { keyOf } from '../../src/etcd/key.ts';
import type { Change } from '../../src/etcd/types.ts';
import type { HistoryEvent } from './raw-etcd.ts';
import { faultless, judgeEvents } from './recorder.ts';

const { contentDiffers: _, ...clean } = faultless;

const history: readonly HistoryEvent[] = [
  { revision: 2, key: 'a', value: '1' },
  { revision: 3, key: 'a', value: undefined },
  { revision: 4, key: 'b', value: '2' },
  { revision: 4, key: 'c', value: '3' },
];
const [putA, deleteA, putB, putC] = history.map(changeOf) as [Change, Change, Change, Change];

/** The oracle of the fault tests must itself be able to find each fault. */
describe('the checker of watch histories', () => {
  it('finds nothing where everything was told once, in order, each revision in one call', () => {
    expect(judgeEvents([[putA], [deleteA, putB, putC]], history)).toEqual(clean);
  });

  it('finds a lost event', () => {
    expect(judgeEvents([[putA], [putB, putC]], history)).toEqual({ ...clean, lost: 1 });
  });

  it('finds an event told twice', () => {
    expect(
      judgeEvents(
        [
          [putA, deleteA],
          [putB, putC, putC],
        ],
        history,
      ),
    ).toEqual({ ...clean, duplicates: 1 });
  });

  it('finds an event that etcd does not have', () => {
    const other = changeOf({ revision: 4, key: 'd', value: '4' });
    expect(
      judgeEvents(
        [
          [putA, deleteA],
          [putB, putC, other],
        ],
        history,
      ),
    ).toEqual({ ...clean, invented: 1 });
  });

  it('finds an event told too late', () => {
    expect(
      judgeEvents(
        [
          [deleteA, putA],
          [putB, putC],
        ],
        history,
      ),
    ).toEqual({ ...clean, outOfOrder: 1 });
  });

  it('finds a revision told in two parts', () => {
    expect(judgeEvents([[putA, deleteA, putB], [putC]], history)).toEqual({ ...clean, torn: 1 });
  });
});

function changeOf({ revision, key, value }: HistoryEvent): Change {
  const registration =
    value === undefined
      ? undefined
      : {
          key: keyOf(key),
          value: bytesOf(value),
          createRevision: revision,
          modRevision: revision,
          lease: '0',
        };
  return { key: keyOf(key), registration, revision };
}
