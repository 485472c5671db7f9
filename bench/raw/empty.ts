/** Raw limit: a process that has loaded what the controller is made of, and does nothing with it. */
import { setTimeout as pause } from 'node:timers/promises';
import { rawProgram } from './program.ts';

export interface Empty {
  /** Of the module to load. */
  readonly module: string;
}

rawProgram(async ({ module }: Empty): Promise<{ readonly residentBytes: number }> => {
  await import(module);
  await pause(1000);
  return { residentBytes: process.memoryUsage.rss() };
});
