import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import yargs, { type Argv } from 'yargs';
import { invalidOptions, optionsError } from '../config/read-options.ts';
import { messageOf, TerminalError } from '../errors.ts';
import { packageVersion } from '../version.ts';
import { type Command, exitCodes } from './command.ts';
import { givenFlags, yargsOptions } from './flags.ts';
import { nearest } from './nearest.ts';

/** A command before it is loaded: help and errors need no more than this. */
interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const commands: readonly CommandEntry[] = [
  {
    name: 'controller',
    summary: 'Keep Services and their endpoints equal to what etcd says',
    load: async () => (await import('./controller.ts')).controllerCommand,
  },
  {
    name: 'crds',
    summary: 'Print the custom resource definitions, for kubectl apply -f -',
    load: async () => (await import('./crds.ts')).crdsCommand,
  },
];

const environmentNote =
  'Every option may be an environment variable instead: --etcd-ca is ETCD_ENDPOINTS_ETCD_CA. Lists have commas, or the flag several times.';

/** Runs the command that the process was started for, and sets the exit code. */
export async function runCommandLine(process: NodeJS.Process): Promise<void> {
  // A reader that has seen enough (`| head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? exitCodes.success : exitCodes.failure);
  });
  try {
    await parser(process).parseAsync();
  } catch (error) {
    const isWrongUsage = error instanceof TerminalError && error.code === invalidOptions;
    process.stderr.write(`etcd-endpoints: ${messageOf(error)}\n`);
    if (isWrongUsage) process.stderr.write('Add --help to see what there is.\n');
    process.exitCode = isWrongUsage ? exitCodes.wrongUsage : exitCodes.failure;
  }
}

function parser(process: NodeJS.Process): Argv {
  const root = yargs(process.argv.slice(2))
    .scriptName('etcd-endpoints')
    .locale('en')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .usage('etcd-endpoints <command> [options]')
    .version(packageVersion())
    .alias('help', 'h')
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .epilogue(
      `Exit codes: ${exitCodes.success} success, ${exitCodes.failure} failure, ${exitCodes.wrongUsage} wrong usage.`,
    )
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? optionsError([message]);
    })
    .command({ command: '$0', describe: false, handler: refuseCommand });
  return commands.reduce((parsed, entry) => withCommand(parsed, entry, process), root);
}

function withCommand(root: Argv, { name, summary, load }: CommandEntry, process: NodeJS.Process): Argv {
  return root.command({
    command: name,
    describe: summary,
    builder: async (command: Argv) => {
      const { options } = await load();
      const described = command
        .usage(`etcd-endpoints ${name} [options]\n\n${summary}`)
        .options(yargsOptions(options));
      return Object.keys(options).length === 0 ? described : described.epilogue(environmentNote);
    },
    handler: async (argv) => {
      const command = await load();
      const flags = givenFlags(argv, command.options);
      await command.run({ flags, env: process.env, readFile: readFileSync, hostname: hostname() }, process);
    },
  });
}

/** What is run where no command is named, or one that there is not. */
function refuseCommand(argv: { readonly _: readonly (string | number)[] }): never {
  const names = commands.map((command) => command.name);
  const [word] = argv._.map(String);
  if (word === undefined) throw optionsError([`A command is needed: ${names.join(' or ')}`]);
  const meant = nearest(word, names);
  throw optionsError([
    `Unknown command ${JSON.stringify(word)}${meant === undefined ? '' : `. Did you mean ${meant}?`}`,
  ]);
}
