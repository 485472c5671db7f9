import { completionConfig, completionOptions } from '../config/completion-options.ts';
import type { Command } from './command.ts';

/** Prints a script that knows every command and option by itself: no program is started when a key is pressed. */
export const completionCommand: Command = {
  options: completionOptions,
  async run(source, process) {
    const { shell } = completionConfig(source);
    const { completableCommands } = await import('./completable.ts');
    const { completionScript } = await import('./completion-script.ts');
    process.stdout.write(completionScript(shell, completableCommands));
  },
};
