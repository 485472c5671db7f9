import { readFileSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import { etcdOptions } from '../config/etcd-options.ts';
import { planConfig, planOptions } from '../config/plan-options.ts';
import { exitCodeOf, planExitCodes } from '../plan/outcome.ts';
import type { Command } from './command.ts';

const standardInput = 0;

/** Says what the controller would do, as `diff` says what differs: its exit codes are those of `diff`. */
export const planCommand: Command = {
  options: planOptions,
  groups: { etcd: etcdOptions },
  exits: {
    failure: planExitCodes.failure,
    note: 'Exit codes: 0 nothing to do, 1 changes, 2 an error, or an EtcdService that is refused.',
  },
  async run(source, process) {
    const readFile = (path: string): Buffer =>
      path === '-' ? readFileSync(standardInput) : source.readFile(path);
    const config = planConfig({ ...source, readFile });
    const { plan } = await import('../plan/run.ts');
    const { remarksOf, renderPlan } = await import('../plan/render.ts');
    const found = await plan(config, { clock: systemClock });
    for (const remark of config.output === 'json' ? [] : remarksOf(found)) {
      process.stderr.write(`etcd-endpoints: ${remark}\n`);
    }
    process.stdout.write(renderPlan(found, config.output));
    process.exitCode = exitCodeOf(found);
  },
};
