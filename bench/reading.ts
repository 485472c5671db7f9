import { bytesOf } from '../src/etcd/bytes.ts';
import { keyOf } from '../src/etcd/key.ts';
import { type FormatName, formats } from '../src/formats/formats.ts';
import { compileReader } from '../src/formats/read.ts';

/** Registrations that are read between two looks at the clock. */
const atOnce = 1000;

/** Registrations of a format's example, read again and again by that format or by `auto`: how many in a second of CPU time. */
export function rateOf(name: FormatName, format: FormatName, seconds: number): number {
  const { source, registrations } = formats[name].example;
  const read = compileReader({ separator: '/', ...source, format }, { maxValueBytes: 256 * 1024 });
  const all = Object.entries(registrations).map(([key, value]) => ({
    key: keyOf(key),
    value: bytesOf(value),
  }));
  const byKey = new Map(all.map(({ key, value }) => [key, value] as const));
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
