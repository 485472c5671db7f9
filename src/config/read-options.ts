import { messageOf, TerminalError } from '../errors.ts';
import { environmentName, environmentNames, type Option, type OptionTable, type Values } from './option.ts';

/** Where options come from. The process's own environment, files and name are handed in by src/cli alone. */
export interface OptionSource {
  /** What the command line gave, by flag: a text, or several where it was repeated. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a whole file; throws as `node:fs` does. */
  readonly readFile: (path: string) => Buffer;
  readonly hostname: string;
}

/** The code of every error in options; the command exits with 2. */
export const invalidOptions = 'INVALID_OPTIONS';

/** All that is wrong with the options, one line each. */
export function optionsError(problems: readonly string[], cause?: unknown): TerminalError {
  return new TerminalError(invalidOptions, problems.join('\n'), cause === undefined ? {} : { cause });
}

/** The texts given for an option, and the name under which they were given, for messages. */
interface Given {
  readonly name: string;
  readonly texts: readonly string[];
}

type Read = { readonly value: unknown } | { readonly problems: readonly string[] };

/** Reads every option of the table: flag before environment before default. Throws {@link optionsError} with all problems at once. */
export function readOptions<Table extends OptionTable>(table: Table, source: OptionSource): Values<Table> {
  const reads = Object.entries(table).map(
    ([flag, option]) => [flag, readOption(flag, option, source)] as const,
  );
  const problems = reads.flatMap(([, read]) => ('problems' in read ? read.problems : []));
  if (problems.length > 0) {
    throw optionsError(problems);
  }
  const values = reads.map(([flag, read]) => [flag, 'value' in read ? read.value : undefined]);
  return Object.fromEntries(values) as Values<Table>;
}

/** The content of the file that an option names. Throws {@link optionsError} that names the flag. */
export function readOptionFile(flag: string, path: string, source: OptionSource): Buffer {
  try {
    return source.readFile(path);
  } catch (error) {
    throw optionsError([`--${flag} ${JSON.stringify(path)}: cannot be read: ${messageOf(error)}`], error);
  }
}

function readOption(flag: string, option: Option, source: OptionSource): Read {
  const given = givenTexts(flag, option, source);
  const isList = option.many === true && option.verbatim !== true;
  const texts = isList ? given.texts.flatMap(commaSeparated) : given.texts;
  if (texts.length === 0) {
    return option.required === true
      ? { problems: [`${given.name} is needed (or ${environmentName(flag)}): ${option.doc}`] }
      : { value: option.many === true ? [] : undefined };
  }
  if (option.many !== true && texts.length > 1) {
    return { problems: [`${given.name} is given ${texts.length} times, but it holds one value`] };
  }
  const results = texts.map((text) => ({ text, ...option.value.safeParse(text) }));
  const problems = results.flatMap(({ text, error }) =>
    error === undefined
      ? []
      : `${given.name}${shown(option, text)}: ${error.issues.map((issue) => issue.message).join(', ')}`,
  );
  if (problems.length > 0) {
    return { problems };
  }
  const values = results.map((result) => result.data);
  return { value: option.many === true ? values : values[0] };
}

/** Empty environment variables count as absent: templates of manifests leave them behind. */
function givenTexts(flag: string, option: Option, { flags, env }: OptionSource): Given {
  const texts = option.secret === true ? [] : [flags[flag] ?? []].flat().map(String);
  if (texts.length > 0) {
    return { name: `--${flag}`, texts };
  }
  for (const name of environmentNames(flag, option)) {
    const text = env[name];
    if (text !== undefined && text !== '') {
      return { name, texts: [text] };
    }
  }
  return { name: `--${flag}`, texts: option.default === undefined ? [] : [option.default] };
}

function commaSeparated(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

function shown(option: Option, text: string): string {
  if (option.secret === true) {
    return '';
  }
  const readable = option.show?.(text) ?? text;
  return ` ${JSON.stringify(readable.length > 100 ? `${readable.slice(0, 100)}…` : readable)}`;
}
