import { completionOptions } from '../config/completion-options.ts';
import { controllerOptions } from '../config/controller-options.ts';
import { discoverOptions } from '../config/discover-options.ts';
import { doctorOptions } from '../config/doctor-options.ts';
import { explainOptions } from '../config/explain-options.ts';
import type { OptionTable } from '../config/option.ts';
import { planOptions } from '../config/plan-options.ts';
import { registerOptions } from '../config/register-options.ts';
import { verifyOptions } from '../config/verify-options.ts';

/** The options of every command, by its name; a test holds it against the help of the program. */
export const completableCommands: Readonly<Record<string, OptionTable>> = {
  controller: controllerOptions,
  completion: completionOptions,
  crds: {},
  discover: discoverOptions,
  doctor: doctorOptions,
  explain: explainOptions,
  plan: planOptions,
  register: registerOptions,
  verify: verifyOptions,
};
