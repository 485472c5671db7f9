import { setTimeout as pause } from 'node:timers/promises';
import type { Scene } from './scene.ts';

/** For whoever serves a {@link Churn}: a guard would hold much of what goes, above all where a new leader finds it gone. */
export const unguarded = '--guard=off';

const everyMs = 30;
/** Instances that each service has at most. */
const most = 4;

/** Registrations that come, move and go all the time, so that there is always something to write. */
export class Churn {
  readonly #scene: Scene;
  readonly #names: readonly string[];
  #stopping = false;
  #running: Promise<void> = Promise.resolve();
  #step = 0;

  private constructor(scene: Scene, names: readonly string[]) {
    this.#scene = scene;
    this.#names = names;
  }

  /** Defines so many EtcdServices, and changes what is registered for them until {@link stop}. */
  static async start(scene: Scene, services = 4): Promise<Churn> {
    const names = Array.from({ length: services }, (_, index) => `churn-${index}`);
    await Promise.all(names.map((name) => scene.define(name)));
    const churn = new Churn(scene, names);
    churn.#running = churn.#run();
    // It is awaited in stop; until then a failure must not end the process.
    churn.#running.catch(() => undefined);
    return churn;
  }

  /** Ends it; rejects where a change could not be made. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** Changes all services in one revision. */
  async burst(): Promise<void> {
    const keys = this.#names.map((name) => `/services/${name}/burst`);
    await this.#scene.registrar.etcd.commit(
      new Map(keys.map((key, index) => [key, `172.16.0.${index + 1}:80`])),
    );
  }

  /** Returns once Kubernetes equals etcd, which nobody changes any more. */
  async untilPublished(): Promise<void> {
    for (const name of this.#names) {
      const content = await this.#scene.registrar.etcd.content(`/services/${name}/`);
      const registered = [...content.values()].map(({ value }) => value.toString());
      await this.#scene.untilPublished(name, registered);
      await this.#scene.untilReady(name);
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.#change();
      await pause(everyMs);
    }
  }

  /** Addresses are never used twice, so that no state of the past can be taken for the last one. */
  async #change(): Promise<void> {
    this.#step += 1;
    const step = this.#step;
    const name = this.#names[step % this.#names.length] ?? '';
    const slot = Math.floor(step / this.#names.length) % most;
    const key = `/services/${name}/${slot}`;
    const { etcd } = this.#scene.registrar;
    if (step % 7 === 0) {
      await etcd.delete(key);
    } else {
      await etcd.put(key, `10.${(step >> 16) & 255}.${(step >> 8) & 255}.${step & 255}:80`);
    }
  }
}
