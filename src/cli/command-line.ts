import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import yargs, { type Argv, type Options } from 'yargs';
import { invalidOptions, optionsError } from '../config/read-options.ts';
import { codeOf, messageOf } from '../errors.ts';
import { packageVersion } from '../version.ts';
import { type Command, exitCodes } from './command.ts';
import { givenFlags, yargsOptions } from './flags.ts';
import { commandHelp, programHelp } from './help.ts';
import { nearest } from './nearest.ts';

/** A command before it is loaded: help and errors need no more than this. */
interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const helpOptions: Readonly<Record<string, Options>> = {
  help: { type: 'boolean', alias: 'h' },
  'help-all': { type: 'boolean' },
};

/** Longer lines are hard to read, however wide the terminal is. */
const widest = 100;

const commands: readonly CommandEntry[] = [
  {
    name: 'controller',
    summary: 'Keep Services and their endpoints equal to what etcd says',
    load: async () => (await import('./controller.ts')).controllerCommand,
  },
  {
    name: 'completion',
    summary: 'Print the completion for bash, zsh or fish',
    load: async () => (await import('./completion.ts')).completionCommand,
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
    name: 'plan',
    summary: 'Show what the controller would do, as a diff or as objects, and write nothing',
    load: async () => (await import('./plan.ts')).planCommand,
  },
  {
    name: 'register',
    summary: 'Keep registrations alive in etcd, for a service that does not do so itself',
    load: async () => (await import('./register.ts')).registerCommand,
  },
  {
    name: 'verify',
    summary: 'Prove with a throw-away registration that the controller does its job',
    load: async () => (await import('./verify.ts')).verifyCommand,
  },
];

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
    process.exit(error.code === 'EPIPE' ? exitCodes.success : failureOf(running));
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
    process.exitCode = isWrongUsage ? exitCodes.wrongUsage : failureOf(running);
  }
}

function failureOf(running: Command | undefined): number {
  return running?.exits?.failure ?? exitCodes.failure;
}

/** yargs throws some of what it refuses instead of handing it over; its class of errors is not exported. */
function isRefusedByYargs(error: unknown): boolean {
  return error instanceof Error && error.name === 'YError';
}

type RunCommand = (command: Command, argv: Readonly<Record<string, unknown>>) => Promise<void>;

/** What yargs makes of a command line, as far as it is used before the command is loaded. */
interface Given {
  readonly _: readonly (string | number)[];
  readonly help?: unknown;
  readonly 'help-all'?: unknown;
}

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
    .version(packageVersion())
    .help(false)
    .options(helpOptions)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? optionsError([message]);
    })
    .command({ command: '$0', describe: false, handler: (argv) => noCommand(argv, process) });
  return commands.reduce((parsed, entry) => withCommand(parsed, entry, process, run), root);
}

function withCommand(
  root: Argv,
  { name, summary, load }: CommandEntry,
  process: NodeJS.Process,
  run: RunCommand,
): Argv {
  return root.command({
    command: name,
    describe: summary,
    builder: async (command: Argv) => command.options(yargsOptions((await load()).options)),
    handler: async (argv) => {
      const command = await load();
      if (asksForHelp(argv)) {
        const form = { all: argv['help-all'] === true, columns: columnsOf(process) };
        process.stdout.write(commandHelp({ name, summary, ...command }, form));
      } else {
        await run(command, argv);
      }
    },
  });
}

function asksForHelp(argv: Given): boolean {
  return argv.help === true || argv['help-all'] === true;
}

function columnsOf({ stdout }: NodeJS.Process): number {
  return Math.min(widest, stdout.columns ?? widest);
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** What is run where no command is named, or one that there is not. */
function noCommand(argv: Given, process: NodeJS.Process): void {
  if (asksForHelp(argv)) {
    process.stdout.write(programHelp(commands, { columns: columnsOf(process) }));
    return;
  }
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
