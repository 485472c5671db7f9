import { expect, it } from 'vitest';
import { FakeClock, turns } from '../../test/kit/fake-clock.ts';
import { bytesOf } from '../etcd/bytes.ts';
import { keyOf } from '../etcd/key.ts';
import type { Change } from '../etcd/types.ts';
import { LeaseBook } from './lease-book.ts';

function bound(key: string, lease: string | undefined): Change {
  const registration =
    lease === undefined
      ? undefined
      : { key: keyOf(key), value: bytesOf(''), createRevision: 1, modRevision: 1, lease };
  return { key: keyOf(key), registration, revision: 1 };
}

function startBook() {
  const clock = new FakeClock();
  const asked: string[] = [];
  const client = {
    read: async (_rpc: unknown, request: unknown): Promise<never> => {
      asked.push((request as { ID: string }).ID);
      return { TTL: '12', grantedTTL: '15' } as never;
    },
  };
  const book = new LeaseBook({ client, clock });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(50);
      await turns(2);
    }
  };
  return { book, clock, asked, pass };
}

it('counts the time that remains down from what etcd said', async () => {
  const { book, pass } = startBook();
  book.apply([bound('a', '7'), bound('none', '0')]);
  book.start();
  await pass(50);
  expect([book.remainingSeconds('7'), book.remainingSeconds('0')]).toEqual([12, undefined]);
  await pass(3_000);
  expect(book.remainingSeconds('7')).toBe(9);
  await book.close();
});

it('asks for no more than 20 leases a second, and for each no more than every five seconds', async () => {
  const { book, asked, pass } = startBook();
  book.apply(Array.from({ length: 50 }, (_, index) => bound(`key-${index}`, String(index + 1))));
  book.start();
  await pass(1_000);
  expect(asked.length).toBeLessThanOrEqual(21);
  await pass(9_000);
  expect(asked.length).toBeGreaterThanOrEqual(100);
  expect(asked.length).toBeLessThanOrEqual(150);
  await book.close();
});

it('asks for new leases first, and never for those that no key has any more', async () => {
  const { book, asked, pass } = startBook();
  book.apply([bound('a', '1'), bound('b', '2')]);
  book.start();
  await pass(200);
  asked.length = 0;
  book.apply([bound('a', undefined), bound('b', '3')]);
  await pass(6_000);
  expect(asked).toEqual(['3', '3']);
  await book.close();
});

it('asks for every lease once where all are wanted now, and says which keys have it', async () => {
  const { book, asked } = startBook();
  book.apply([bound('a', '1'), bound('b', '1'), bound('c', '2')]);
  const told: unknown[] = [];
  await book.askAll(new AbortController().signal, (lease, keys) => told.push([lease, [...keys]]));
  expect(asked.sort()).toEqual(['1', '2']);
  expect(told).toEqual([
    ['1', ['a', 'b']],
    ['2', ['c']],
  ]);
});
