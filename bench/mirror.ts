import type { Ground } from './ground.ts';
import type { Size } from './load.ts';
import { mirrorNamespace as namespace, mirrorPrefix as prefix } from './objects.ts';
import type { RawMirror } from './raw/mirror.ts';
import { type RunningRaw, startRaw } from './raw/program.ts';
import { type Usage, usageOf } from './subject.ts';

/** The least of all controllers (bench/raw/mirror.ts), measured as ours is. */
export class Mirror {
  readonly #running: RunningRaw<number>;
  /** Wall-clock milliseconds when it began to list. */
  readonly startedAt: number;

  private constructor(running: RunningRaw<number>, startedAt: number) {
    this.#running = running;
    this.startedAt = startedAt;
  }

  /** Starts it and returns when it begins to list. */
  static async start(
    { access, etcdAddress: etcd, environment }: Ground,
    size: Size,
    workers: number,
  ): Promise<Mirror> {
    const input = { access, etcd, workers, size, prefix, namespace };
    const program = new URL('./raw/mirror.ts', import.meta.url);
    const running = startRaw<RawMirror, number>(program, input, environment);
    return new Mirror(running, (await running.result).output);
  }

  usage(): Promise<Usage> {
    return usageOf(this.#running.pid);
  }

  stop(): void {
    this.#running.stop();
  }
}
