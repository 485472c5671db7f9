import { beforeEach, expect, it, vi } from 'vitest';
import { BatchWriter } from './batch-writer.ts';

let written: string[];
let writer: BatchWriter;

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  writer = new BatchWriter({ write: (text) => void written.push(text) });
  return () => void vi.useRealTimers();
});

it('writes what comes within 10 ms in one piece and in order', () => {
  writer.write('a\n');
  vi.advanceTimersByTime(9);
  writer.write('b\n');
  expect(written).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(written).toEqual(['a\nb\n']);

  writer.write('c\n');
  vi.advanceTimersByTime(10);
  expect(written).toEqual(['a\nb\n', 'c\n']);
});

it('writes at once where that is asked for, and not once more', () => {
  writer.write('a\n');
  writer.flush();
  expect(written).toEqual(['a\n']);
  vi.advanceTimersByTime(20);
  expect(written).toEqual(['a\n']);
});

it('keeps no more than 64 KiB back', () => {
  const long = 'x'.repeat(40 * 1024);
  writer.write(long);
  expect(written).toEqual([]);
  writer.write(long);
  expect(written).toEqual([long + long]);
  vi.advanceTimersByTime(20);
  expect(written).toHaveLength(1);
});
