import type { OptionTable } from '../config/option.ts';
import type { OptionSource } from '../config/read-options.ts';

/** A command, in a file of its own that is loaded when the command is used. */
export interface Command {
  readonly options: OptionTable;
  /** Options of these tables stand under a title of their own in the help. */
  readonly groups?: Readonly<Record<string, OptionTable>>;
  /** Where its exit codes mean something else than those of the other commands. */
  readonly exits?: Exits;
  /** Whether it goes on when nobody reads its output any more, because what it does matters more than what it says. */
  readonly outlivesReader?: true;
  /**
   * Resolves when the command has succeeded, or has set an exit code of its own. Errors with code `INVALID_OPTIONS` exit with 2, all others
   * with 1, or with what `exits` says.
   */
  run(source: OptionSource, process: NodeJS.Process): Promise<void>;
}

export interface Exits {
  /** The code of every error. */
  readonly failure: number;
  /** What the codes mean, for its help. */
  readonly note: string;
}

/** The exit codes of every command that does not say otherwise. */
export const exitCodes = {
  success: 0,
  failure: 1,
  wrongUsage: 2,
} as const;
