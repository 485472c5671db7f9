/**
 * `npm run faults`: every fault of test/faults/scenarios.ts, or those of some numbers: `npm run faults -- 10 12`. `npm run faults -- random --seed 7 --minutes 10` mixes
 * all of them, `soak --minutes 45` runs long, and `hostile --seed 7 --cases 10000000` feeds hostile input. What was measured is kept in test/faults/results and printed in docs/reliability.md. Without a seed a new
 * one is taken; what is printed at the start repeats the run.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { faultsIn, type Scenario, scenarios } from '../../test/faults/scenarios.ts';
import { keepRun, type Run, runNameOf } from './results.ts';
import { runTests } from './run-tests.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, minutes: { type: 'string' }, cases: { type: 'string' } },
});
const numbers = positionals.map(Number).filter((number) => scenarios.some((one) => one.number === number));
const kind = numbers.length === positionals.length ? 'scenarios' : (positionals[0] ?? '');
const seed = wholeNumber('--seed', values.seed) ?? randomInt(2 ** 31);

const hostileFiles = [
  'src/fuzz.test.ts',
  'src/telemetry/hostile-clients.test.ts',
  'test/faults/hostile-servers.test.ts',
];

/** What each kind of run is called in the results, what repeats it, and which tests it is made of; one run a fault. */
const kinds: Readonly<Record<string, () => Promise<void>>> = {
  scenarios: () => runScenarios(),
  random: () => {
    const minutes = wholeNumber('--minutes', values.minutes) ?? 10;
    const environment = { FAULTS_SEED: `${seed}`, FAULTS_MINUTES: `${minutes}` };
    const command = `npm run faults -- random --seed ${seed} --minutes ${minutes}`;
    return run(`random-${seed}`, command, ['test/faults/random.test.ts'], environment);
  },
  soak: () => {
    const minutes = wholeNumber('--minutes', values.minutes) ?? 45;
    const command = `npm run faults -- soak --minutes ${minutes}`;
    return run('soak', command, ['test/faults/soak.test.ts'], { FAULTS_MINUTES: `${minutes}` });
  },
  hostile: () => {
    const cases = wholeNumber('--cases', values.cases) ?? 10_000_000;
    const environment = { FAULTS_SEED: `${seed}`, FAULTS_CASES: `${cases}` };
    const command = `npm run faults -- hostile --seed ${seed} --cases ${cases}`;
    return run('hostile', command, hostileFiles, environment);
  },
};

const chosen = kinds[kind];
if (chosen === undefined) {
  console.error(
    `npm run faults: ${JSON.stringify(kind)} is none of its runs; say numbers of faults, or one of ${Object.keys(kinds).join(', ')}`,
  );
  process.exit(2);
}
await chosen();

async function runScenarios(): Promise<void> {
  const chosen = scenarios.filter(({ number }) => numbers.length === 0 || numbers.includes(number));
  const command = numbers.length === 0 ? 'npm run faults' : `npm run faults -- ${numbers.join(' ')}`;
  const files = new Set(chosen.flatMap((scenario) => scenario.files));
  console.log(`Again: ${command}`);
  const done = await runTests(command, [...files]);
  for (const scenario of chosen) {
    await keepRun(runNameOf(scenario), partOf(done, scenario));
  }
  await generate();
  report(done);
}

/** The tests of one fault. */
function partOf(run: Run, { number }: Scenario): Run {
  return { ...run, tests: run.tests.filter(({ name }) => faultsIn(name).includes(number)) };
}

async function run(
  name: string,
  command: string,
  files: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  console.log(`Again: ${command}`);
  const done = await runTests(command, files, environment);
  await keepRun(name, done);
  await generate();
  report(done);
}

async function generate(): Promise<void> {
  const child = spawn('node', ['dev/generate.ts'], { stdio: 'inherit' });
  await once(child, 'exit');
}

function report({ command, tests }: Run): void {
  const failed = tests.filter(({ passed }) => !passed);
  for (const { name, figures } of tests) {
    for (const [figure, { value, unit = '' }] of Object.entries(figures)) {
      console.log(`${name}: ${figure}: ${value} ${unit}`.trimEnd());
    }
  }
  console.log(`${tests.length - failed.length} passed, ${failed.length} failed`);
  if (failed.length > 0 || tests.length === 0) {
    console.log(`Again: ${command}`);
    process.exitCode = 1;
  }
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text !== undefined && !/^\d{1,10}$/.test(text)) {
    console.error(`${option} ${JSON.stringify(text)}: expected a whole number, such as 7`);
    process.exit(2);
  }
  return text === undefined ? undefined : Number(text);
}
