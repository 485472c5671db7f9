import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { bin, type CommandOptions, type Ended } from './command.ts';

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
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), bin, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    stdout += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, stdout, stderr }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    process: child,
    get lines() {
      return stdout.split('\n').slice(0, -1);
    },
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    says: (text) => eventually(() => expect(stdout + stderr).toMatch(text)),
    ended,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return await ended;
    },
  };
}
