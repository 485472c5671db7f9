/** What `--help` prints: the options that most people need, in one screen; and `--help-all`: every one. */
import type { Option, OptionTable } from '../config/option.ts';
import { completionOf, environmentName } from '../config/option.ts';
import { exitCodes } from './command.ts';
import { usageOf } from './flags.ts';

/** A command as its help tells of it. */
export interface HelpSubject {
  readonly name: string;
  readonly summary: string;
  readonly options: OptionTable;
  /** Options of these tables stand under a title of their own, after all others. */
  readonly groups?: Readonly<Record<string, OptionTable>>;
  /** Where its exit codes are not those of the other commands. */
  readonly exits?: { readonly note: string };
}

export interface HelpForm {
  /** Also the options that few people need. */
  readonly all: boolean;
  /** The longest line. */
  readonly columns: number;
}

/** Where descriptions begin; a longer flag has its description on the lines below. */
const descriptionAt = 34;

/** A flag that takes more words than these shows its placeholder. */
const mostChoices = 5;

const exitLine = `Exit codes: ${exitCodes.success} success, ${exitCodes.failure} failure, ${exitCodes.wrongUsage} wrong usage.`;

/** The help of one command. */
export function commandHelp(subject: HelpSubject, form: HelpForm): string {
  const { name, summary, options } = subject;
  const flags = Object.entries(options).filter(([, { secret }]) => secret !== true);
  const shown = flags.filter(([, { rare }]) => form.all || rare !== true);
  return textOf([
    usageOf(name, options),
    '',
    ...wrapped(`${summary}.`, form.columns),
    ...sectionsOf(subject, shown).flatMap(([title, entries]) => [
      '',
      `${title}:`,
      ...entries.flatMap(([flag, option]) => optionLines(flag, option, form)),
    ]),
    ...closing(flags, flags.length - shown.length, { ...form, exits: subject.exits?.note ?? exitLine }),
  ]);
}

/** The help of the program: its commands. */
export function programHelp(
  commands: readonly Pick<HelpSubject, 'name' | 'summary'>[],
  { columns }: Pick<HelpForm, 'columns'>,
): string {
  return textOf([
    'etcd-endpoints COMMAND [options]',
    '',
    'Commands:',
    ...commands.flatMap(({ name, summary }) => row(`  etcd-endpoints ${name}`, summary, columns)),
    '',
    'Options:',
    ...row('  -h, --help', 'Show the help of a command; --help-all shows every option', columns),
    ...row('      --version', 'Show the version', columns),
    '',
    exitLine,
  ]);
}

type Entry = readonly [flag: string, option: Option];

/** The command's own options first, then those of each group; what has nothing to show is left out. */
function sectionsOf(
  { groups = {} }: HelpSubject,
  shown: readonly Entry[],
): readonly (readonly [title: string, entries: readonly Entry[]])[] {
  const titleOf = (flag: string): string =>
    Object.keys(groups).find((title) => Object.hasOwn(groups[title] ?? {}, flag)) ?? 'Options';
  const byTitle = Map.groupBy(shown, ([flag]) => titleOf(flag));
  return ['Options', ...Object.keys(groups)].flatMap((title) => {
    const entries = byTitle.get(title);
    return entries === undefined ? [] : [[title, entries] as const];
  });
}

function optionLines(flag: string, option: Option, { all, columns }: HelpForm): readonly string[] {
  const { isSwitch, isCommand, placeholder, short, doc, default: usual } = option;
  const letter = short === undefined ? '    ' : `-${short}, `;
  const note = usual === undefined || usual === '' || isSwitch === true ? '' : ` (default ${usual})`;
  const told = all ? doc : firstSentence(doc);
  const value = isSwitch === true ? '' : ` ${choicesOf(option, told) ?? placeholder}`;
  const command = isCommand === true ? ` -- ${placeholder}` : '';
  return row(`  ${letter}--${flag}${value}${command}`, `${told.replace(/\.$/, '')}${note}`, columns);
}

/** The words that an option takes, where they are few and its description does not name them. */
function choicesOf({ value }: Option, told: string): string | undefined {
  const words = completionOf(value);
  if (!Array.isArray(words) || words.length > mostChoices) {
    return undefined;
  }
  const named = told.split(/[^\w-]+/);
  return words.every((word) => named.includes(word)) ? undefined : words.join('|');
}

function closing(
  flags: readonly Entry[],
  hidden: number,
  { columns, exits }: HelpForm & { readonly exits: string },
): readonly string[] {
  if (flags.length === 0) {
    return ['', exits];
  }
  const [example] = flags.find(([, { noEnv }]) => noEnv !== true) ?? [];
  const notes = [
    hidden > 0 ? `--help-all shows ${hidden} options more.` : '',
    example === undefined
      ? ''
      : `An option may be an environment variable: --${example} is ${environmentName(example)}.`,
    flags.some(([, { many }]) => many === true) ? 'Lists have commas, or the flag several times.' : '',
    exits,
  ];
  return ['', ...wrapped(notes.filter(Boolean).join(' '), columns)];
}

/** A term, and beside it what it means. */
function row(term: string, meaning: string, columns: number): readonly string[] {
  const lines = wrapped(meaning, Math.max(30, columns - descriptionAt));
  const indented = lines.map((line) => ' '.repeat(descriptionAt) + line);
  if (term.length + 2 > descriptionAt) {
    return [term, ...indented];
  }
  const [first = '', ...rest] = indented;
  return [term + first.slice(term.length), ...rest];
}

/** The text in lines of at most so many columns; a longer word has a line for itself. */
function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = `${last} ${word}`;
    }
  }
  return lines;
}

function firstSentence(doc: string): string {
  return doc.split(/(?<=\.) /)[0] ?? doc;
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
