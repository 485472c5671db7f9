import { sleep, systemClock } from '../../src/clock.ts';
import { messageOf } from '../../src/errors.ts';
import { Fleet } from './fleet.ts';
import { type Instance, TTL_SECONDS } from './instance.ts';
import type { Screen } from './screen.ts';
import { type Stage, withLog } from './stage.ts';
import { table } from './table.ts';

/** Time between two steps, to look and to do something oneself, in milliseconds. */
const PAUSE_MS = 6_000;
const REDRAW_MS = 1_000;
/** How long a step may take until Kubernetes shows it; someone may have changed the same key meanwhile. */
const PATIENCE_MS = 20_000;

/** Plays with instances that come, change and die, and shows what Kubernetes publishes, until the signal aborts or the controller ends. */
export async function live(stage: Stage, screen: Screen, signal: AbortSignal): Promise<void> {
  const { published, controller } = stage;
  const draw = (): void => screen.show(table(published.addresses, systemClock.monotonic(), screen.blockRows));
  const note = (): void => {
    if (!screen.isLive) {
      const all = published.addresses.map(({ address, ready }) => `${address}${ready ? '' : ' (not ready)'}`);
      screen.say(`${time()}  Endpoints: ${all.join(', ') || 'none'}`);
    }
  };
  const unwatch = published.onChange(() => {
    note();
    draw();
  });
  const timer = setInterval(draw, REDRAW_MS);
  try {
    await Promise.race([playOn(stage, screen, signal), controller.ended]);
  } catch (error) {
    throw await withLog(error, controller);
  } finally {
    unwatch();
    clearInterval(timer);
    screen.show([]);
  }
}

/** What happens to the instances, one after the other and then from the start. */
type Step = (fleet: Fleet) => Promise<{
  readonly says: string;
  /** What Kubernetes shows once it has followed. */
  readonly shows: (addresses: readonly string[]) => boolean;
}>;

const born: Step = async (fleet) => {
  const instance = await fleet.add();
  return { says: `${instance.key} registers ${instance.address}`, shows: has(instance) };
};

const moves: Step = async (fleet) => {
  const instance = fleet.oldest();
  await instance.move(instance.address.endsWith(':8080') ? 9090 : 8080);
  return { says: `${instance.key} changes its port: ${instance.address}`, shows: has(instance) };
};

const dies: Step = async (fleet) => {
  const instance = fleet.release();
  await instance.die();
  const says = `${instance.key} dies without a goodbye; its lease ends within ${TTL_SECONDS} s`;
  return { says, shows: hasNot(instance) };
};

const leaves: Step = async (fleet) => {
  const instance = fleet.release();
  await instance.leave();
  return { says: `${instance.key} says goodbye and deletes its key`, shows: hasNot(instance) };
};

const beginning: readonly Step[] = [born, born, born];
const round: readonly Step[] = [moves, dies, born, leaves, born];

async function playOn(stage: Stage, screen: Screen, signal: AbortSignal): Promise<void> {
  await using fleet = new Fleet(stage.gateway);
  for (const step of beginning) {
    await play(step, fleet, stage, screen, signal);
  }
  while (!signal.aborted) {
    for (const step of round) {
      await sleep(systemClock, PAUSE_MS, signal);
      if (signal.aborted) {
        return;
      }
      await play(step, fleet, stage, screen, signal);
    }
  }
}

/** A step that fails (somebody stopped etcd, or changed the same key) is told, and the next one goes on. */
async function play(
  step: Step,
  fleet: Fleet,
  { published }: Stage,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  try {
    const started = performance.now();
    const { says, shows } = await step(fleet);
    screen.say(`${time()}  ${says}`);
    await published.until(shows, PATIENCE_MS, signal);
    screen.say(`${time()}  … and Kubernetes shows it, ${Math.round(performance.now() - started)} ms later`);
  } catch (error) {
    if (!signal.aborted) {
      screen.say(`${time()}  … which failed: ${messageOf(error)}`);
    }
  }
}

function has({ address }: Instance): (addresses: readonly string[]) => boolean {
  return (addresses) => addresses.includes(address);
}

function hasNot({ address }: Instance): (addresses: readonly string[]) => boolean {
  return (addresses) => !addresses.includes(address);
}

function time(): string {
  return new Date(systemClock.now()).toISOString().slice(11, 19);
}
