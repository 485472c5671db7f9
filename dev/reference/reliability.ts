import { scenarios } from '../../test/faults/scenarios.ts';
import { type Figure, keptRuns, type Run, runNameOf, type TestResult } from '../faults/results.ts';
import { page, table } from './markdown.ts';

const introduction = `Every line below is a fault that tests inject into real servers, or into scripted ones for what a real one cannot be made to do. \`npm run faults\` runs them all, keeps
what they measured in \`test/faults/results/\`, and writes this page of that. All of them but the long runs are part of \`npm test\`.

Figures are the worst that was measured; "of" is what is promised.`;

/** docs/reliability.md, of the results of the last runs. */
export function reliabilityPage(): string {
  return page(
    'Reliability',
    introduction,
    '## Faults one by one',
    scenarioTable(),
    ...section('All faults at once', randomText, keptRuns('random-')),
    ...section('The long run', soakText, keptRuns('soak')),
    ...section('Hostile input', hostileText, keptRuns('hostile')),
  );
}

const randomText = `\`npm run faults -- random --seed 7 --minutes 10\`: three replicas, 300 EtcdServices, 5000 registrations of which 100 change in a second, and everything that can
go wrong, at random: replicas are stopped, paused, cut off, and set another time; etcd's three members are killed, paused, compacted, defragmented, out of space, and
put back to a snapshot and written past what was seen; the apiserver is killed, and a front before it refuses, resets, hangs, and changes its token and CA. The
controllers of Kubernetes run beside ours. A checker that shares no code with the controller reads both etcds' histories and the apiserver's audit log.`;

const soakText =
  '`npm run faults -- soak --minutes 45`: 10 000 keys that change all the time, and all connections to etcd cut every 5 s. What is left is measured from outside, of the process and of what it tells of itself.';

const hostileText =
  '`npm run faults -- hostile --cases 10000000`: generated keys, values, custom resources and watch messages. Nothing may throw, and memory stays bounded.';

function scenarioTable(): string {
  const runs = scenarios.map((scenario) => ({ scenario, runs: keptRuns(runNameOf(scenario)) }));
  const rows = runs.map(({ scenario: { number, fault, pass }, runs: own }) => {
    const tests = own.flatMap((run) => run.tests);
    return [`${number}`, fault, pass, figuresOf(tests), verdictOf(tests)];
  });
  const origins = new Set(runs.flatMap(({ runs: own }) => own.map(whereabouts)));
  const whole = table(['#', 'Fault', 'What must come of it', 'Measured', 'Tests'], rows);
  return `${whole}\n\nMeasured on: ${[...origins].join('; ')}.`;
}

function verdictOf(tests: readonly TestResult[]): string {
  const failed = tests.filter(({ passed }) => !passed).length;
  const verdict = failed === 0 ? `${tests.length} passed` : `${failed} of ${tests.length} failed`;
  return tests.length === 0 ? 'not run' : verdict;
}

function section(title: string, text: string, runs: readonly Run[]): readonly string[] {
  return runs.length === 0 ? [] : [`## ${title}`, text, ...runs.flatMap(wholeRun)];
}

/** One run by itself, with all that it has measured. */
function wholeRun(run: Run): readonly string[] {
  const rows = run.tests.flatMap(({ name: test, figures }) =>
    Object.entries(figures).map(([name, figure]) => [
      // Where there is one test, it is what the section is about.
      ...(run.tests.length === 1 ? [] : [test]),
      ...[name, shown(figure), promiseOf(figure)],
    ]),
  );
  const columns = ['Figure', 'Measured', 'Promised at most'];
  const failed = run.tests.filter(({ passed }) => !passed).map(({ name }) => `Failed: ${name}.`);
  return [`${origin(run)}`, ...failed, table(run.tests.length === 1 ? columns : ['Test', ...columns], rows)];
}

function origin(run: Run): string {
  return `\`${run.command}\`, ${whereabouts(run)}:`;
}

function whereabouts({ date, machine, servers }: Run): string {
  return `${date}, ${servers}, ${machine}`;
}

/** The worst of each figure over several tests. */
function figuresOf(tests: readonly TestResult[]): string {
  const worst = new Map<string, Figure>();
  for (const [name, figure] of tests.flatMap(({ figures }) => Object.entries(figures))) {
    const before = worst.get(name);
    worst.set(name, before === undefined || figure.value > before.value ? figure : before);
  }
  return [...worst]
    .map(([name, figure]) => {
      const promise = figure.most === undefined || figure.most === 0 ? '' : ` of ${promiseOf(figure)}`;
      return `${name}: ${shown(figure)}${promise}`;
    })
    .join('; ');
}

function shown({ value, unit }: Figure): string {
  return unit === undefined ? grouped(value) : `${grouped(value)} ${unit}`;
}

function promiseOf({ most, unit }: Figure): string {
  return most === undefined ? '' : shown({ value: most, unit });
}

/** Digits in groups of three; times without parts of a millisecond. */
function grouped(value: number): string {
  const rounded = Math.abs(value) >= 10 ? Math.round(value) : value;
  const [whole = '', part] = `${rounded}`.split('.');
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, whole.length > 4 ? ' ' : '');
  return part === undefined ? groups : `${groups}.${part}`;
}
