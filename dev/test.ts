/**
 * `npm test`: everything that a change must pass, in order of what fails fastest; arguments go to vitest. Stops at the first failure. The last
 * line is for machines: `N passed, N failed` or `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cache, cacheRoot } from './control-plane/cache.ts';
import { findOldEtcd } from './control-plane/etcd-releases.ts';
import { findBinaries } from './control-plane/find.ts';
import { findHelm } from './control-plane/helm.ts';
import { findPythonEtcd3 } from './control-plane/python-etcd3.ts';
import { closingLines, readSummary, type Summary } from './test-summary.ts';

const NOTHING_RAN: Summary = {
  passed: 0,
  failed: ['The tests did not run'],
  retried: new Map(),
  needs: new Map(),
  illegal: [],
};

async function main(vitestArgs: readonly string[]): Promise<Summary> {
  try {
    await section('Generated files are current', () => command('node', ['dev/generate.ts', '--check']));
    await section('Type check', () => command('tsc', ['-p', '.']));
    await section('Lint and format', () => command('biome', ['check', '--error-on-warnings', '.']));
    await section('Binaries', getBinaries);
  } catch (error) {
    console.log((error as Error).message);
    return NOTHING_RAN;
  }
  return await section('Tests', () => vitest(vitestArgs));
}

/** Runs one part under a heading and says how long it took. */
async function section<Result>(title: string, run: () => Promise<Result>): Promise<Result> {
  console.log(`\n== ${title}`);
  const started = performance.now();
  try {
    return await run();
  } finally {
    console.log(`== ${title}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}

/** Runs a program of node_modules/.bin, with our output as its own. */
async function command(program: string, args: readonly string[]): Promise<void> {
  const status = await statusOf(program, args);
  if (status !== 0) {
    throw new Error(`${program} ${args.join(' ')} failed with status ${status}`);
  }
}

async function statusOf(program: string, args: readonly string[]): Promise<number | string> {
  const child = spawn(program, args, { stdio: 'inherit' });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return code ?? signal ?? 'unknown';
}

/** Before the tests, whose runner would hold back what is said while this takes long. */
async function getBinaries(): Promise<void> {
  const report = (line: string): void => console.log(line);
  const { env: environment } = process;
  await findBinaries({ report, environment });
  const cache = new Cache(cacheRoot(environment));
  await findOldEtcd({ report, environment, cache });
  await findPythonEtcd3(cache, report);
  await findHelm({ cache, environment, report });
}

async function vitest(args: readonly string[]): Promise<Summary> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-tests-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const status = await statusOf('vitest', ['run', ...reporters, ...args]);
    const read = readSummary(await readFile(file, 'utf8'));
    // Whoever chooses tests by name leaves out the others.
    const summary = args.some(isNamePattern) ? { ...read, needs: new Map(), illegal: [] } : read;
    return status === 0 || summary.failed.length > 0
      ? summary
      : { ...summary, failed: [`vitest ended with status ${status}`] };
  } catch (error) {
    return { ...NOTHING_RAN, failed: [`vitest left no report: ${(error as Error).message}`] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isNamePattern(arg: string): boolean {
  return /^(-t|--testNamePattern)(=|$)/.test(arg);
}

const summary = await main(process.argv.slice(2));
console.log(`\n${closingLines(summary).join('\n')}`);
process.exitCode = summary.failed.length + summary.illegal.length === 0 ? 0 : 1;
