import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lines } from './lines.ts';

async function* chunked(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  for (const [index, place] of places.entries()) {
    yield bytes.subarray(place, places[index + 1] ?? place);
  }
}

async function collect(source: AsyncIterable<string>): Promise<string[]> {
  const collected: string[] = [];
  for await (const line of source) {
    collected.push(line);
  }
  return collected;
}

describe('lines', () => {
  it('gives the same lines wherever the bytes are cut, also inside of characters', async () => {
    const line = fc
      .string({ unit: 'binary', minLength: 1 })
      .map((text) => text.toWellFormed().replaceAll('\n', ' '));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat()), async (texts, cuts) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        expect(await collect(lines(chunked(bytes, cuts), 10_000))).toEqual(texts);
      }),
    );
  });

  it('leaves out empty lines', async () => {
    await expect(collect(lines(chunked(Buffer.from('\n\na\n\n'), []), 10))).resolves.toEqual(['a']);
  });

  it('refuses a line that never ends before it has filled the memory', async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        given += 1;
        yield Buffer.alloc(1000, 'a');
      }
    }
    await expect(collect(lines(endless(), 5000))).rejects.toThrow('a line of more than 5000 bytes');
    expect(given).toBe(6);
  });

  it('refuses bytes that end within a line', async () => {
    const half = lines(chunked(Buffer.from('{}\n{"a"'), [2]), 100);
    await expect(half.next()).resolves.toMatchObject({ value: '{}' });
    await expect(half.next()).rejects.toThrow('a line that ends in the middle');
  });
});
