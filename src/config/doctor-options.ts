import { type ControllerConfig, controllerConfig, controllerOptions } from './controller-options.ts';
import type { OptionTable } from './option.ts';
import { type OptionSource, readOptions } from './read-options.ts';
import { oneOf } from './values.ts';

/** Those that the controller does not have. */
export const doctorOwnOptions = {
  output: {
    value: oneOf('text', 'json'),
    default: 'text',
    placeholder: 'FORM',
    doc: 'text for people, json for programs.',
  },
} as const satisfies OptionTable;

/** Every option of `etcd-endpoints doctor`: those of the controller, so that it looks at what that would use. */
export const doctorOptions = { ...doctorOwnOptions, ...controllerOptions } as const satisfies OptionTable;

/** Whose world is looked at, and how it is told. */
export interface DoctorConfig {
  readonly controller: ControllerConfig;
  readonly output: 'text' | 'json';
}

/** Reads the configuration of `doctor`. Throws a TerminalError with code `INVALID_OPTIONS` that names each wrong option. */
export function doctorConfig(source: OptionSource): DoctorConfig {
  const { output } = readOptions(doctorOwnOptions, source);
  return { controller: controllerConfig(source), output };
}
