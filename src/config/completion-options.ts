import type { OptionTable } from './option.ts';
import { type OptionSource, readOptions } from './read-options.ts';
import { oneOf } from './values.ts';

/** Every option of `etcd-endpoints completion`. */
export const completionOptions = {
  shell: {
    value: oneOf('bash', 'zsh', 'fish'),
    isWord: true,
    noEnv: true,
    required: true,
    placeholder: 'bash|zsh|fish',
    doc: 'The shell whose completion is printed. The flag may be left out.',
  },
} as const satisfies OptionTable;

/** Reads the configuration of `completion`. Throws a TerminalError with code `INVALID_OPTIONS` that names each wrong option. */
export function completionConfig(source: OptionSource): { readonly shell: 'bash' | 'zsh' | 'fish' } {
  return readOptions(completionOptions, source);
}
