import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What one collection lets go of, such as code that has not run for long, the next ones collect. */
const collections = 4;

/** Bytes of the heap that are in use, after everything that nobody holds has been collected. */
export function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let round = 0; round < collections; round += 1) {
    collect();
  }
  return process.memoryUsage().heapUsed;
}

/** Bytes of the heap that each of so many takes. They are made once before: what is made for the code that makes them is none of theirs. */
export function heapOfEach(count: number, make: () => unknown): number {
  Array.from({ length: count }, make);
  const before = heapUsed();
  const kept = Array.from({ length: count }, make);
  const taken = heapUsed() - before;
  return taken / kept.length;
}
