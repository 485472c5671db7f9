import { systemClock } from '../clock.ts';
import { controllerConfig, controllerGroups, controllerOptions } from '../config/controller-options.ts';
import { createLogger } from '../telemetry/logging.ts';
import type { Command } from './command.ts';
import { runService } from './service.ts';

/** Options first: what is wrong with them is said before anything else is loaded. */
export const controllerCommand: Command = {
  options: controllerOptions,
  groups: controllerGroups,
  async run(source, process) {
    const config = controllerConfig(source);
    const log = createLogger({ ...config.log, replica: config.replica });
    await runService({ process, log, clock: systemClock }, async (signal) => {
      const { runController } = await import('../controller/run.ts');
      await runController(config, signal, { log });
    });
  },
};
