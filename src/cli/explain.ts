import { systemClock } from '../clock.ts';
import { etcdOptions } from '../config/etcd-options.ts';
import { explainConfig, explainOptions } from '../config/explain-options.ts';
import type { Command } from './command.ts';

/** Explains one EtcdService, or one key, and ends. */
export const explainCommand: Command = {
  options: explainOptions,
  groups: { etcd: etcdOptions },
  async run(source, process) {
    const config = explainConfig(source);
    const { explain } = await import('../explain/run.ts');
    process.stdout.write(await explain(config, { clock: systemClock }));
  },
};
