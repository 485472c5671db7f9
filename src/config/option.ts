import type { z } from 'zod';

/**
 * An option of a command, declared once: its flag, its environment variable, how its text is read, its default and its documentation.
 * Tables of these become flags (src/cli), configuration (read-options.ts) and docs/reference/options.md.
 */
export interface Option {
  /** Reads one text as the user typed it; its messages begin with "expected". */
  readonly value: z.ZodType<unknown, string>;
  /** What stands for the value in help and documentation. */
  readonly placeholder: string;
  /** One or two sentences: what it does, units, what it means when absent. */
  readonly doc: string;
  /** May be given several times, and each time as a list with commas. */
  readonly many?: true;
  /** With `many`: each text is taken as it is, commas and all. */
  readonly verbatim?: true;
  /** Given without a value: it is `true` then. Its default is `false`. */
  readonly isSwitch?: true;
  /** May also be given without its flag, as the word after the command. */
  readonly isWord?: true;
  /** One letter that stands for the flag after a single dash. */
  readonly short?: string;
  /** A switch with `many` whose values are all the words after `--`: a command line. */
  readonly isCommand?: true;
  /** Not read from the environment. */
  readonly noEnv?: true;
  readonly required?: boolean;
  /** As a user would type it. */
  readonly default?: string;
  /** Environment variables that are looked at after ours. */
  readonly alsoEnv?: readonly string[];
  /** Few people need it: --help leaves it to --help-all. */
  readonly rare?: true;
  /** A secret is never shown and has no flag: the command line can be read by everybody on the machine. */
  readonly secret?: true;
  /** How a wrong value appears in a message, where a secret may hide in it. */
  readonly show?: (text: string) => string;
}

/** Options by the name of their flag, without the dashes. */
export type OptionTable = Readonly<Record<string, Option>>;

type Text<O extends Option> = z.output<O['value']>;

/** What reading an option gives. */
export type ValueOf<O extends Option> = O extends { readonly many: true }
  ? readonly Text<O>[]
  : O extends { readonly required: true } | { readonly default: string }
    ? Text<O>
    : Text<O> | undefined;

export type Values<Table extends OptionTable> = { readonly [Flag in keyof Table]: ValueOf<Table[Flag]> };

/** What a shell can complete of a value: words, or the path of a file; undefined where it knows nothing. */
export function completionOf(value: z.ZodType<unknown, string>): readonly string[] | 'path' | undefined {
  const { words, isPath } = (value.meta() ?? {}) as { words?: readonly string[]; isPath?: boolean };
  return isPath === true ? 'path' : words;
}

/** The environment variable of an option: `etcd-ca` → `ETCD_ENDPOINTS_ETCD_CA`. */
export function environmentName(flag: string): string {
  return `ETCD_ENDPOINTS_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** Every environment variable that an option is read from, the first that is set first. */
export function environmentNames(flag: string, option: Option): readonly string[] {
  return option.noEnv === true ? [] : [environmentName(flag), ...(option.alsoEnv ?? [])];
}
