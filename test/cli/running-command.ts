import type { ChildProcess } from 'node:child_process';
import { expect, onTestFinished } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { type CommandOptions, type Ended, startCommand } from './command.ts';

/** The real command while it runs. */
export interface RunningCommand {
  readonly process: ChildProcess;
  /** Whole lines of its stdout so far. */
  readonly lines: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  /** Waits for a line of stdout or stderr that holds the text. */
  says(text: string | RegExp): Promise<void>;
  /** Waits for its end. */
  readonly ended: Promise<Ended>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** Starts the real command as {@link command} does; it is killed when the test is over. */
export function runCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { child, said, ended } = startCommand(args, options);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    process: child,
    get lines() {
      return said.stdout.split('\n').slice(0, -1);
    },
    get stdout() {
      return said.stdout;
    },
    get stderr() {
      return said.stderr;
    },
    says: (text) => eventually(() => expect(said.stdout + said.stderr).toMatch(text)),
    ended,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return await ended;
    },
  };
}
