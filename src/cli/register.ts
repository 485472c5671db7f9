import { systemClock } from '../clock.ts';
import { etcdOptions } from '../config/etcd-options.ts';
import { registerConfig, registerOptions } from '../config/register-options.ts';
import type { Command } from './command.ts';
import { stopOf } from './stop.ts';

/** Keeps registrations alive until SIGINT, SIGTERM or SIGHUP, or until its command ends, whose status it takes over. */
export const registerCommand: Command = {
  options: registerOptions,
  groups: { etcd: etcdOptions },
  outlivesReader: true,
  async run(source, process) {
    const config = registerConfig(source);
    const { register } = await import('../register/run.ts');
    const { stdout, stderr } = process;
    const warn = (line: string): void => void stderr.write(`etcd-endpoints: ${line}\n`);
    // With a command, stdout is the command's.
    const say = config.command.length > 0 ? warn : (line: string): void => void stdout.write(`${line}\n`);
    process.exitCode = await register(config, {
      clock: systemClock,
      pid: process.pid,
      signals: process,
      stop: () => stopOf(process).signal,
      voice: { say, warn },
    });
  },
};
