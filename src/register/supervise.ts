import { type Clock, sleep } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { startCommand } from './command-process.ts';
import { CommandSignals, type SignalSource } from './command-signals.ts';
import type { Keeper, Voice } from './keeper.ts';

/** The status where the command had to be stopped because its registration was refused. */
const refusedStatus = 1;

export interface SuperviseOptions {
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** How long the command goes on after the registration was taken back. */
  readonly drainMs: number;
}

export interface SuperviseDeps {
  readonly clock: Clock;
  readonly voice: Voice;
  readonly signals: SignalSource;
  readonly keeper: Pick<Keeper, 'refused' | 'close'>;
  /** Keeps the command registered until the signal aborts. */
  readonly tend: (signal: AbortSignal) => Promise<void>;
}

/**
 * Runs the command and keeps it registered. When it is told to stop, the registration is taken back first; when the registration is refused for good,
 * the command is stopped. Resolves with the status to exit with, once the command has ended and the registration is gone.
 */
export async function supervise(
  { command, drainMs }: SuperviseOptions,
  deps: SuperviseDeps,
): Promise<number> {
  const { clock, voice, keeper } = deps;
  const child = startCommand(command, (line) => voice.warn(line));
  const signals = new CommandSignals(deps.signals, (name) => child.signal(name));
  const over = new AbortController();
  const tending = deps.tend(over.signal);
  const end = await Promise.race([
    child.ended.then(() => ({ why: 'ended' }) as const),
    signals.stop.then((signal) => ({ why: 'stopped', signal }) as const),
    keeper.refused.catch((error: unknown) => ({ why: 'refused', error }) as const),
  ]);
  over.abort();
  if (end.why === 'refused') {
    voice.warn(`${messageOf(end.error)}. The command is stopped`);
  }
  await keeper.close();
  await tending;
  if (end.why === 'stopped') {
    await sleep(clock, drainMs, signals.hurry);
  }
  signals.passAll();
  if (end.why !== 'ended') {
    child.signal(end.why === 'stopped' ? end.signal : 'SIGTERM');
  }
  const status = await child.ended;
  signals.release();
  return end.why === 'refused' ? refusedStatus : status;
}
