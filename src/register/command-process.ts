import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { codeOf, messageOf } from '../errors.ts';

/** As shells have it: the command was found but cannot be run, and it was not found. */
const cannotRun = 126;
const notFound = 127;

/** The command that is registered, while it runs. */
export interface CommandProcess {
  /** Resolves with the status that a shell would see: 128 and the number of the signal that ended it. */
  readonly ended: Promise<number>;
  /** Sends the signal to the command and to what it has started in its process group, as a terminal does. */
  signal(name: NodeJS.Signals): void;
}

/**
 * Starts the command with our input, output and environment. It has a session and a process group of its own, so that Ctrl-C at a terminal reaches
 * us alone and the registration is taken back before the command is told to stop.
 */
export function startCommand(
  [program = '', ...args]: readonly string[],
  warn: (line: string) => void,
): CommandProcess {
  const child = spawn(program, args, { stdio: 'inherit', detached: true });
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    child.once('error', (error) => {
      warn(`--exec cannot start ${JSON.stringify(program)}: ${messageOf(error)}`);
      resolve(codeOf(error) === 'ENOENT' ? notFound : cannotRun);
    });
  });
  const signal = (name: NodeJS.Signals): void => {
    // Once the command has ended, its process id may be somebody else's.
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') {
        warn(`--exec cannot send ${name} to the command: ${messageOf(error)}`);
      }
    }
  };
  return { ended, signal };
}
