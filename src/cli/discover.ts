import { systemClock } from '../clock.ts';
import { discoverConfig, discoverOptions } from '../config/discover-options.ts';
import { etcdOptions } from '../config/etcd-options.ts';
import { type Command, exitCodes } from './command.ts';
import { stopOf } from './stop.ts';

/** Follows until SIGINT, SIGTERM or SIGHUP, and then succeeds; a closed output ends it too. */
export const discoverCommand: Command = {
  options: discoverOptions,
  groups: { etcd: etcdOptions },
  async run(source, process) {
    const config = discoverConfig(source);
    const stop = stopOf(process);
    // A list that was asked for once is no list when it is interrupted.
    if (config.once) {
      stop.release();
    }
    const { discover } = await import('../discover/run.ts');
    const { stdout, stderr } = process;
    await discover(config, stop.signal, { stdout, stderr, clock: systemClock });
    // What a reader has not taken by now would keep the process.
    if (stop.signal.aborted) {
      process.exit(exitCodes.success);
    }
  },
};
