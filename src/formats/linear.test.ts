import { describe, expect, it } from 'vitest';
import { entryOf } from './entry.ts';
import { compileFormat, type FormatName, formatNames, formats } from './formats.ts';
import type { Format } from './types.ts';

/** Characters of the short input; the long one is 16 times as long, which is the largest value that is read by default. */
const short = 16 * 1024;
const times = 16;
/** Some kernels count CPU time in ticks of 4 or 10 ms. */
const unmeasurableUs = 30_000;

/** Texts that are slow to read where a pattern tries again from every place. */
const texts: readonly string[] = [
  '1',
  ':',
  '[',
  ' ',
  '-',
  '/',
  '%',
  '@',
  '&',
  '=',
  ',',
  'a.',
  '::',
  'a@',
  ':1',
  '/members/',
  '%3A%2F%2F',
];

type Make = (length: number) => { readonly key: string; readonly value: string };

/** Keys and values that grow: long texts in both, and each field of an example as a long text, list or object. */
function* growing({ example }: Format<unknown>): Generator<Make> {
  const [[key = '', value = ''] = []] = Object.entries(example.registrations).slice(-1);
  const parent = key.slice(0, key.lastIndexOf('/') + 1);
  for (const text of texts) {
    for (const end of ['', '!']) {
      yield (length) => ({ key, value: filled(text, length) + end });
      yield (length) => ({ key: parent + filled(text, length) + end, value });
    }
  }
  yield (length) => ({ key, value: `${filled('{"a":', length / 2)}1${'}'.repeat(length / 10)}` });
  if (value.startsWith('{')) {
    const fields: Readonly<Record<string, unknown>> = JSON.parse(value);
    for (const name of [...Object.keys(fields), 'metadata', 'address']) {
      for (const grown of grownField(fields[name])) {
        yield (length) => ({ key, value: JSON.stringify({ ...fields, [name]: grown(length) }) });
      }
    }
    yield (length) => ({ key, value: JSON.stringify({ ...manyFields(length), ...fields }) });
  }
}

function grownField(field: unknown): readonly ((length: number) => unknown)[] {
  const [element = '10.0.0.5:80'] = Array.isArray(field) ? field : [];
  const size = JSON.stringify(element).length + 1;
  return [
    ...texts.map((text) => (length: number) => filled(text, length)),
    (length) => Array.from({ length: Math.min(length / size, 999) }, () => element),
    (length) => Array.from({ length: length / size }, () => element),
    manyFields,
  ];
}

function manyFields(length: number): Readonly<Record<string, number>> {
  return Object.fromEntries(Array.from({ length: length / 14 }, (_, index) => [`a${index}:80`, 1]));
}

function filled(text: string, length: number): string {
  return text.repeat(length / text.length);
}

/** The least CPU time of some rounds of readings, in microseconds: neither other processes count, nor a collection of garbage, nor what the kernel does to hand out memory. */
function costOf(name: FormatName, { key, value }: ReturnType<Make>, readings: number): number {
  const readEntry = compileFormat(name, {});
  const costs = Array.from({ length: 3 }, () => {
    const start = process.threadCpuUsage();
    for (let count = 0; count < readings; count += 1) {
      readEntry(entryOf({ prefix: '/services', separator: '/' }, key, value), () => undefined);
    }
    return process.threadCpuUsage(start).user;
  });
  return Math.min(...costs);
}

// The clock of the test runner goes on while other processes have the CPU.
describe('the time to read one registration', { timeout: 60_000 }, () => {
  it.each(formatNames)('grows with its length and no faster for %s', (name) => {
    for (const make of growing(formats[name] as Format<unknown>)) {
      const long = make(short * times);
      // Most readings are over before a clock of CPU time moves; a quadratic one takes 16 times as long as the short ones together.
      if (costOf(name, long, 1) > unmeasurableUs) {
        const allowed = 4 * costOf(name, make(short), times) + unmeasurableUs;
        // The first readings of a deep value pay for the memory that later ones find there.
        const costs = Array.from({ length: 4 }, () => costOf(name, long, 1));
        expect(Math.min(...costs), JSON.stringify(make(60))).toBeLessThan(allowed);
      }
    }
  });
});
