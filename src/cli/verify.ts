import { systemClock } from '../clock.ts';
import { verifyConfig, verifyOptions } from '../config/verify-options.ts';
import type { Command } from './command.ts';
import { stopOf } from './stop.ts';

/** Makes a throw-away registration, looks whether Kubernetes shows it and then no more, and ends. */
export const verifyCommand: Command = {
  options: verifyOptions,
  // What it has made is taken away again, whoever reads on.
  outlivesReader: true,
  async run(source, process) {
    const config = verifyConfig(source);
    const { verify } = await import('../verify/run.ts');
    const say = (line: string): void => void process.stdout.write(`${line}\n`);
    const stop = stopOf(process);
    try {
      await verify(config, { clock: systemClock, say, stop: stop.signal });
    } finally {
      stop.release();
    }
  },
};
