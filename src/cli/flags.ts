import type { Options } from 'yargs';
import { environmentName, type Option, type OptionTable } from '../config/option.ts';
import { optionsError } from '../config/read-options.ts';
import { nearest } from './nearest.ts';

/** What yargs itself knows beside the options of a command. */
const builtIn = ['help', 'h', 'help-all', 'version'];

/**
 * The options as yargs takes them: as texts or switches, with neither defaults nor types, since those are read together with the environment
 * by src/config.
 */
export function yargsOptions(table: OptionTable): Record<string, Options> {
  const flags = Object.entries(table).filter(([, option]) => option.secret !== true);
  return Object.fromEntries(flags.map(([flag, option]) => [flag, yargsOption(option)]));
}

function yargsOption({ isSwitch, short }: Option): Options {
  return isSwitch === true
    ? { type: 'boolean', nargs: 0 }
    : { type: 'string', ...(short !== undefined && { alias: short }) };
}

/** How the command is called, for its help: its words and what follows `--` by their placeholders. */
export function usageOf(name: string, table: OptionTable): string {
  const options = Object.entries(table);
  const words = options.filter(([, option]) => option.isWord).map(([, option]) => `[${option.placeholder}]`);
  const rest = options
    .filter(([, option]) => option.isCommand)
    .map(([flag, option]) => `[--${flag} -- ${option.placeholder}]`);
  return ['etcd-endpoints', name, '[options]', ...words, ...rest].join(' ');
}

/** The flags that were given, words without a flag among them. Throws where the command line holds anything that the command does not know. */
export function givenFlags(
  argv: Readonly<Record<string, unknown>>,
  table: OptionTable,
): Readonly<Record<string, unknown>> {
  const { _: positionals, $0: _script, '--': rest, ...given } = argv;
  // yargs gives what was typed under a letter under the flag as well.
  const letters = new Set(Object.values(table).map(({ short }) => short));
  const flags = Object.fromEntries(Object.entries(given).filter(([flag]) => !letters.has(flag)));
  const [, ...words] = texts(positionals);
  const wordFlags = Object.keys(table).filter((flag) => table[flag]?.isWord);
  const commandLine = givenCommand(flags, texts(rest), table);
  const problems = [
    ...Object.keys(flags).flatMap((flag) => unknownFlag(flag, table)),
    ...words.slice(wordFlags.length).map((word) => `Unknown argument ${JSON.stringify(word)}`),
    ...commandLine.problems,
  ];
  if (problems.length > 0) {
    throw optionsError(problems);
  }
  const named = words.flatMap((word, index) =>
    wordFlags[index] === undefined ? [] : [[wordFlags[index], word]],
  );
  const both = named.map(([flag = '', word]) => [flag, [...[flags[flag] ?? []].flat(), word]]);
  return { ...flags, ...Object.fromEntries(both), ...commandLine.flags };
}

/** The words after `--` under the flag that takes them. */
function givenCommand(
  flags: Readonly<Record<string, unknown>>,
  words: readonly string[],
  table: OptionTable,
): { readonly flags: Readonly<Record<string, unknown>>; readonly problems: readonly string[] } {
  const flag = Object.keys(table).find((name) => table[name]?.isCommand);
  const isAsked = flag !== undefined && flags[flag] !== undefined;
  if (isAsked && words.length === 0) {
    return { flags: {}, problems: [`--${flag} needs a command after --`] };
  }
  if (!isAsked && words.length > 0) {
    const hint = flag === undefined ? '' : `: a command needs --${flag} before it`;
    return { flags: {}, problems: [`Unknown argument ${JSON.stringify(words[0])} after --${hint}`] };
  }
  return { flags: isAsked ? { [flag]: words } : {}, problems: [] };
}

function texts(words: unknown): readonly string[] {
  return Array.isArray(words) ? words.map(String) : [];
}

function unknownFlag(flag: string, table: OptionTable): readonly string[] {
  const option = table[flag];
  if (option?.secret === true) {
    return [`--${flag} is no flag, use ${environmentName(flag)}. ${option.doc}`];
  }
  if (option !== undefined || builtIn.includes(flag)) {
    return [];
  }
  const dashes = flag.length === 1 ? '-' : '--';
  const meant = nearest(
    flag,
    Object.keys(table).filter((known) => table[known]?.secret !== true),
  );
  return [`Unknown flag ${dashes}${flag}${meant === undefined ? '' : `. Did you mean --${meant}?`}`];
}
