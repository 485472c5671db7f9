import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';

/** How many milliseconds of CPU time a program has taken, and what it has to say. */
export interface RawResult<Output> {
  readonly output: Output;
  readonly cpuMs: number;
}

interface Ended<Output> {
  readonly result?: RawResult<Output>;
  readonly problem?: string;
}

/** Makes a module a program of its own, which {@link startRaw} runs: what is measured shares no event loop with who measures. It ends with its parent. */
export function rawProgram<Input, Output>(work: (input: Input) => Promise<Output>): void {
  process.once('disconnect', () => process.exit());
  process.once('message', (input) => {
    const before = process.cpuUsage();
    const done = (output: Output): Ended<Output> => {
      const { user, system } = process.cpuUsage(before);
      return { result: { output, cpuMs: (user + system) / 1000 } };
    };
    void work(input as Input)
      .then(done, (error: unknown): Ended<Output> => ({ problem: String(error) }))
      .then((ended) => process.send?.(ended));
  });
}

export interface RunningRaw<Output> {
  readonly pid: number | undefined;
  readonly result: Promise<RawResult<Output>>;
  stop(): void;
}

/** Starts a program of `bench/raw`. Variables in `environment` take the place of its own. */
export function startRaw<Input extends object, Output>(
  program: URL,
  input: Input,
  environment: Readonly<Record<string, string>> = {},
): RunningRaw<Output> {
  const child = fork(program, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  // Nobody wants to know what it logs, but somebody has to read it, as with ours.
  child.stdout?.resume();
  child.send(input);
  return {
    pid: child.pid,
    result: resultOf<Output>(child, basename(program.pathname)),
    stop: () => child.kill(),
  };
}

/** Runs a program of `bench/raw` to its end. */
export async function runRaw<Input extends object, Output>(
  program: URL,
  input: Input,
  environment: Readonly<Record<string, string>> = {},
): Promise<RawResult<Output>> {
  const running = startRaw<Input, Output>(program, input, environment);
  try {
    return await running.result;
  } finally {
    running.stop();
  }
}

async function resultOf<Output>(child: ChildProcess, name: string): Promise<RawResult<Output>> {
  const ended = once(child, 'exit').then((): [Ended<Output>] => [{ problem: 'it ended' }]);
  const [{ result, problem }] = (await Promise.race([once(child, 'message'), ended])) as [Ended<Output>];
  if (result === undefined) {
    throw new Error(`${name} failed: ${problem}`);
  }
  return result;
}
