/**
 * `npm run chaos -- --seed 7 --steps 500`: the test of three replicas in random trouble, for longer than `npm test` takes. Without a seed it
 * takes a new one; what it prints at the start repeats the run.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { seed: { type: 'string' }, steps: { type: 'string' } } });
const seed = wholeNumber('--seed', values.seed) ?? randomInt(2 ** 31);
const steps = wholeNumber('--steps', values.steps) ?? 500;

console.log(
  `Three replicas in ${steps} random troubles. Again: npm run chaos -- --seed ${seed} --steps ${steps}`,
);
const child = spawn('vitest', ['run', 'test/replicas/chaos.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, CHAOS_SEED: String(seed), CHAOS_STEPS: String(steps) },
});
const [code] = (await once(child, 'exit')) as [number | null];
process.exitCode = code ?? 1;

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text !== undefined && !/^\d{1,9}$/.test(text)) {
    console.error(`${option} ${JSON.stringify(text)}: expected a whole number, such as 7`);
    process.exit(2);
  }
  return text === undefined ? undefined : Number(text);
}
