/**
 * `npm run bench:decode -- --seconds 1`: how many registrations are read in each format in a second of CPU time, by its own name
 * and by `auto`. It needs no
 * server. Prints a table for docs/performance.md.
 */
import { parseArgs } from 'node:util';
import { keyOf } from '../src/etcd/key.ts';
import type { Key } from '../src/etcd/types.ts';
import { type FormatName, formatNames, formats } from '../src/formats/formats.ts';
import { compileReader } from '../src/formats/read.ts';
import type { Example } from '../src/formats/types.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '1' } } });
const seconds = Number(values.seconds);
if (!(seconds > 0)) {
  throw new Error(`--seconds ${JSON.stringify(values.seconds)}: expected a number above 0`);
}

/** Registrations that are read between two looks at the clock. */
const atOnce = 1000;

/** Registrations of the example, read one after the other by that format: how many in a second. */
function rateOf(format: FormatName, { source, registrations }: Example): number {
  const read = compileReader({ separator: '/', ...source, format }, { maxValueBytes: 256 * 1024 });
  const all = Object.entries(registrations).map(([key, value]) => ({
    key: keyOf(key),
    value: Buffer.from(value),
  }));
  const byKey = new Map<Key, Buffer>(all.map(({ key, value }) => [key, value]));
  const readSome = (): void => {
    for (let count = 0; count < atOnce; count += all.length) {
      for (const registration of all) {
        read(registration, (key) => byKey.get(key));
      }
    }
  };
  repeatFor(seconds / 4, readSome);
  return repeatFor(seconds, readSome) * atOnce;
}

/** Repeats a task for some seconds of CPU time, which other processes do not take part in; how often it was done in one. */
function repeatFor(length: number, task: () => void): number {
  const start = process.threadCpuUsage();
  let rounds = 0;
  let passed = 0;
  while (passed < length) {
    task();
    rounds += 1;
    const { user, system } = process.threadCpuUsage(start);
    passed = (user + system) / 1_000_000;
  }
  return rounds / passed;
}

function thousands(rate: number): string {
  return `${Math.round(rate / 1000)} 000`;
}

console.log('| registrations in a second of CPU time | by its name | by auto |\n|---|---|---|');
for (const name of formatNames.filter((format) => format !== 'auto')) {
  const { example } = formats[name];
  console.log(`| ${name} | ${thousands(rateOf(name, example))} | ${thousands(rateOf('auto', example))} |`);
}
