import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Report } from './binaries.ts';
import { dyingWithParent } from './child.ts';

const SAY_EVERY_MS = 10_000;
const LINES_SHOWN = 8;

export interface StepOptions {
  readonly cwd?: string;
  /** Variables that are added to ours. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Takes the output, after what is there. */
  readonly log: string;
  readonly report: Report;
}

/**
 * Runs one command of a long job: says `title`, then every few seconds that it still runs. A failure throws with the end of its output and
 * the place of the log.
 */
export async function step(
  title: string,
  command: string,
  args: readonly string[],
  options: StepOptions,
): Promise<void> {
  const { cwd, environment, log, report } = options;
  report(title);
  const started = performance.now();
  const reminder = setInterval(() => {
    report(`  … ${title}, ${Math.round((performance.now() - started) / 1000)} s so far`);
  }, SAY_EVERY_MS);
  try {
    const code = await runLogged(command, args, { cwd, env: { ...process.env, ...environment } }, log);
    if (code !== 0) {
      throw new Error(`${title}: ${command} failed (${code}). Log: ${log}\n${await lastLines(log)}`);
    }
  } finally {
    clearInterval(reminder);
  }
}

async function runLogged(
  command: string,
  args: readonly string[],
  options: { cwd: string | undefined; env: NodeJS.ProcessEnv },
  log: string,
): Promise<number | string> {
  const output = createWriteStream(log, { flags: 'a' });
  output.write(`\n$ ${command} ${args.join(' ').slice(0, 2_000)}\n`);
  const [program, programArgs] = dyingWithParent(command, args);
  const child = spawn(program, programArgs, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  output.end();
  await once(output, 'close');
  return code ?? signal ?? 'unknown';
}

async function lastLines(log: string): Promise<string> {
  const text = await readFile(log, 'utf8');
  return text.trimEnd().split('\n').slice(-LINES_SHOWN).join('\n');
}
