import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { turns } from '../../test/kit/fake-clock.ts';
import { LineWriter, writeAll } from './line-writer.ts';

/** A reader that takes a chunk only when it is told to. */
function slowReader() {
  const taken: string[] = [];
  let release: (() => void) | undefined;
  const out = new Writable({
    highWaterMark: 10,
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      taken.push(chunk);
      release = done;
    },
  });
  return { out, taken, take: () => release?.() };
}

function lines(count: number): () => string | undefined {
  let next = 0;
  return () => {
    next += 1;
    return next > count ? undefined : `line ${String(next).padStart(20)}\n`;
  };
}

it('asks for no line while the reader has not taken those before', async () => {
  const { out, taken, take } = slowReader();
  let asked = 0;
  const source = lines(10_000);
  const writer = new LineWriter(out, () => {
    asked += 1;
    return source();
  });
  writer.wake();
  const once = asked;
  for (let count = 0; count < 10; count += 1) {
    writer.wake();
  }
  expect(asked).toBe(once);
  expect(taken).toHaveLength(1);
  while (taken.join('').split('\n').length <= 10_000) {
    take();
    await turns(1);
  }
  expect(taken.join('').match(/line/g)).toHaveLength(10_000);
});

it('waits at its end for what was written, but no longer than it is let', async () => {
  const { out, take } = slowReader();
  const writer = new LineWriter(out, lines(1));
  writer.wake();
  const limit = new AbortController();
  let isClosed = false;
  const closing = writer.close(limit.signal).then(() => {
    isClosed = true;
  });
  await turns(2);
  expect(isClosed).toBe(false);
  limit.abort();
  await closing;
  take();
});

it('writes everything that there is, chunk by chunk', async () => {
  const { out, taken, take } = slowReader();
  let isWritten = false;
  const writing = writeAll(out, lines(9_000), new AbortController().signal).then(() => {
    isWritten = true;
  });
  while (!isWritten) {
    take();
    await turns(1);
  }
  await writing;
  expect(taken.join('').match(/line/g)).toHaveLength(9_000);
});
