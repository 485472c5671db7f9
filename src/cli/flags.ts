import type { Options } from 'yargs';
import { environmentName, type OptionTable } from '../config/option.ts';
import { optionsError } from '../config/read-options.ts';
import { nearest } from './nearest.ts';

/** What yargs itself knows beside the options of a command. */
const builtIn = ['help', 'h', 'version'];

/**
 * The options as yargs takes them: as texts alone, with neither defaults nor types, since those are read together with the environment by
 * src/config.
 */
export function yargsOptions(table: OptionTable): Record<string, Options> {
  const flags = Object.entries(table).filter(([, option]) => option.secret !== true);
  return Object.fromEntries(
    flags.map(([flag, option]) => [
      flag,
      {
        type: 'string',
        describe: `${option.placeholder}: ${firstSentence(option.doc)}`,
        ...(option.default !== undefined && { defaultDescription: option.default }),
      } as const,
    ]),
  );
}

/** The flags that were given. Throws where the command line holds anything that the command does not know. */
export function givenFlags(
  argv: Readonly<Record<string, unknown>>,
  table: OptionTable,
): Readonly<Record<string, unknown>> {
  const { _: positionals, $0: _script, ...flags } = argv;
  const [, ...extra] = Array.isArray(positionals) ? positionals.map(String) : [];
  const problems = [
    ...Object.keys(flags).flatMap((flag) => unknownFlag(flag, table)),
    ...extra.map((word) => `Unknown argument ${JSON.stringify(word)}`),
  ];
  if (problems.length > 0) throw optionsError(problems);
  return flags;
}

function unknownFlag(flag: string, table: OptionTable): readonly string[] {
  const option = table[flag];
  if (option?.secret === true) {
    return [`--${flag} is no flag, use ${environmentName(flag)}. ${option.doc}`];
  }
  if (option !== undefined || builtIn.includes(flag)) return [];
  const dashes = flag.length === 1 ? '-' : '--';
  const meant = nearest(
    flag,
    Object.keys(table).filter((known) => table[known]?.secret !== true),
  );
  return [`Unknown flag ${dashes}${flag}${meant === undefined ? '' : `. Did you mean --${meant}?`}`];
}

function firstSentence(doc: string): string {
  return doc.split(/(?<=\.) /)[0] ?? doc;
}
