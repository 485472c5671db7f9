import { systemClock } from '../clock.ts';
import { controllerGroups } from '../config/controller-options.ts';
import { doctorConfig, doctorOptions } from '../config/doctor-options.ts';
import { type Command, exitCodes } from './command.ts';

/** Looks at everything that the controller needs, and fails where something does not work. */
export const doctorCommand: Command = {
  options: doctorOptions,
  groups: controllerGroups,
  async run(source, process) {
    const config = doctorConfig(source);
    const { examine } = await import('../doctor/run.ts');
    const { isIll, reportJson, reportText } = await import('../doctor/report.ts');
    const findings = await examine(config, { clock: systemClock });
    process.stdout.write(config.output === 'json' ? reportJson(findings) : reportText(findings));
    process.exitCode = isIll(findings) ? exitCodes.failure : exitCodes.success;
  },
};
