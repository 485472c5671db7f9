import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import yargs, { type Argv } from 'yargs';
import { invalidOptions, optionsError } from '../config/read-options.ts';
import { codeOf, messageOf } from '../errors.ts';
import { packageVersion } from '../version.ts';
import { type Command, exitCodes } from './command.ts';
import { givenFlags, usageOf, yargsOptions } from './flags.ts';
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
  {
    name: 'discover',
    summary: 'List and follow the instances that are registered in etcd',
    load: async () => (await import('./discover.ts')).discoverCommand,
  },
  {
    name: 'doctor',
    summary:
      'Check etcd, Kubernetes, rights and election as the controller would use them, and say what to fix',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'explain',
    summary: 'Say why an address is published or is not, from its key in etcd to the object that holds it',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
  {
    name: 'register',
    summary: 'Keep registrations alive in etcd, for a service that does not do so itself',
    load: async () => (await import('./register.ts')).registerCommand,
  },
];

const environmentNote =
  'Every option may be an environment variable instead: --etcd-ca is ETCD_ENDPOINTS_ETCD_CA. Lists have commas, or the flag several times.';

/** Runs the command that the process was started for, and sets the exit code. */
export async function runCommandLine(process: NodeJS.Process): Promise<void> {
  // For those who write programs, not for those who run them: Node.js warns of each TLS connection of a library to an IP address.
  process.noDeprecation = true;
  let running: Command | undefined;
  // A reader that has seen enough (`| head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (running?.outlivesReader === true) {
      return;
    }
    process.exit(error.code === 'EPIPE' ? exitCodes.success : exitCodes.failure);
  });
  // Who does not listen to what is wrong does not want to be told that he does not.
  process.stderr.on('error', () => undefined);
  const run = async (command: Command, argv: Readonly<Record<string, unknown>>): Promise<void> => {
    running = command;
    const flags = givenFlags(argv, command.options);
    await command.run({ flags, env: process.env, readFile: readFileSync, hostname: hostname() }, process);
  };
  try {
    await parser(process, run).parseAsync();
  } catch (error) {
    const isWrongUsage = codeOf(error) === invalidOptions || isRefusedByYargs(error);
    process.stderr.write(`etcd-endpoints: ${messageOf(error)}\n`);
    if (isWrongUsage) {
      process.stderr.write('Add --help to see what there is.\n');
    }
    process.exitCode = isWrongUsage ? exitCodes.wrongUsage : exitCodes.failure;
  }
}

/** yargs throws some of what it refuses instead of handing it over; its class of errors is not exported. */
function isRefusedByYargs(error: unknown): boolean {
  return error instanceof Error && error.name === 'YError';
}

type RunCommand = (command: Command, argv: Readonly<Record<string, unknown>>) => Promise<void>;

function parser(process: NodeJS.Process, run: RunCommand): Argv {
  const root = yargs(process.argv.slice(2))
    .scriptName('etcd-endpoints')
    .locale('en')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'populate--': true,
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
  return commands.reduce((parsed, entry) => withCommand(parsed, entry, run), root);
}

function withCommand(root: Argv, { name, summary, load }: CommandEntry, run: RunCommand): Argv {
  return root.command({
    command: name,
    describe: summary,
    builder: async (command: Argv) => {
      const { options } = await load();
      const described = command
        .usage(`${usageOf(name, options)}\n\n${summary}`)
        .options(yargsOptions(options));
      return Object.keys(options).length === 0 ? described : described.epilogue(environmentNote);
    },
    handler: async (argv) => run(await load(), argv),
  });
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** What is run where no command is named, or one that there is not. */
function refuseCommand(argv: { readonly _: readonly (string | number)[] }): never {
  const names = commands.map((command) => command.name);
  const [word] = argv._.map(String);
  if (word === undefined) {
    throw optionsError([`A command is needed: ${listed(names)}`]);
  }
  const meant = nearest(word, names);
  throw optionsError([
    `Unknown command ${JSON.stringify(word)}${meant === undefined ? '' : `. Did you mean ${meant}?`}`,
  ]);
}
