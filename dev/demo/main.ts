/**
 * `npm run demo`: the main job for a person to watch, on servers that are started for it and gone with it. `npm run demo -- --once` plays one
 * round by itself, checks what Kubernetes publishes, and exits with 0 or 1.
 */
import { messageOf } from '../../src/errors.ts';
import { guide } from './guide.ts';
import { live } from './life.ts';
import { playRound } from './round.ts';
import { Screen } from './screen.ts';
import { setStage } from './stage.ts';

const USAGE = 'usage: npm run demo [-- --once]';
/** Ending everything takes a few seconds; after this, in milliseconds, the process ends whatever still hangs. */
const END_WITHIN_MS = 45_000;

async function main(args: readonly string[]): Promise<number> {
  const isOnce = args.length === 1 && args[0] === '--once';
  if (args.length > 0 && !isOnce) {
    console.error(USAGE);
    return 1;
  }
  const screen = new Screen(process.stdout);
  const say = (text: string): void => screen.say(text);
  const signal = stopSignal(say);
  try {
    await play(isOnce, screen, signal);
    return 0;
  } catch (error) {
    if (!signal.aborted) {
      say(`The demo failed. ${messageOf(error)}`);
    }
    return signal.aborted && !isOnce ? 0 : 1;
  }
}

async function play(isOnce: boolean, screen: Screen, signal: AbortSignal): Promise<void> {
  const say = (text: string): void => screen.say(text);
  await using cleanup = new AsyncDisposableStack();
  const stage = await setStage(cleanup, signal, say);
  if (isOnce) {
    await playRound(stage, signal, say);
    say('All is as it should be; ending everything that was started');
  } else {
    say(guide(stage));
    say('Ctrl-C ends the demo and everything that it has started.\n');
    await live(stage, screen, signal);
  }
}

/** Aborts when a person or the system wants the demo to end, and when nobody reads any more what it prints. */
function stopSignal(say: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (!controller.signal.aborted) {
      controller.abort(new Error('The demo was told to end'));
      say('\nEnding everything that was started');
      setTimeout(() => process.exit(1), END_WITHIN_MS).unref();
    }
  };
  // They stay: a second Ctrl-C must not leave behind what the first one is about to end.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, stop);
  }
  process.stdout.on('error', stop);
  return controller.signal;
}

// What was interrupted may still have work under way, such as a download; it ends with the process.
process.exit(await main(process.argv.slice(2)));
