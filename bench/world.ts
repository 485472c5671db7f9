import type { Binaries } from '../dev/control-plane/binaries.ts';
import type { Row } from './report.ts';

/** What is measured together, on servers of its own. */
export interface World {
  readonly name: string;
  /** What it can measure, as `--only` names it. */
  readonly ids: readonly string[];
  measure(run: Run): Promise<void>;
}

/** One run of a world. */
export interface Run {
  readonly binaries: Binaries;
  /** Folder for CPU profiles of all controllers; undefined: none are made. */
  readonly profile: string | undefined;
  /** Whether something of this id is asked for. */
  wants(id: string): boolean;
  /** A number of things at this run's scale, at least `least`. */
  scaled(count: number, least?: number): number;
  tell(row: Row): void;
  /** Says what is going on. */
  say(line: string): void;
  /** Ended in the opposite order, when the world has been measured or has failed. */
  readonly cleanup: AsyncDisposableStack;
}

export async function openIn<Thing extends { stop(): unknown }>(
  run: Run,
  thing: Promise<Thing>,
): Promise<Thing> {
  const opened = await thing;
  run.cleanup.defer(async () => {
    await opened.stop();
  });
  return opened;
}
