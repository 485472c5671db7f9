import { setTimeout as pause } from 'node:timers/promises';
import type { AnyObject } from '../test/kit/kube-objects.ts';
import { collection, namespace } from './objects.ts';
import type { RawApi } from './raw/api.ts';

type Slices = ReadonlyMap<string, readonly string[]>;

/** The EndpointSlices of a namespace as a watcher sees them, and when. Times are of `performance.now()`. */
export class SlicesSeen {
  /** How often each slice has been written. */
  readonly writes = new Map<string, number>();
  /** How often the apiserver has ended the watch: writes of such a moment are not in their number. */
  breaks: number = 0;
  readonly #slices = new Map<string, readonly string[]>();
  readonly #awaited = new Map<string, (at: number) => void>();
  #condition: { readonly isMet: (slices: Slices) => boolean; readonly met: (at: number) => void } | undefined;
  readonly #stop = new AbortController();

  static async watch(api: RawApi, inNamespace = namespace): Promise<SlicesSeen> {
    const seen = new SlicesSeen();
    await seen.#follow(api, collection('endpointslices', inNamespace));
    return seen;
  }

  /** Goes on where the apiserver ends a watch, as it does to one that is slow. What came meanwhile is seen late, and in one. */
  async #follow(api: RawApi, path: string): Promise<void> {
    const { items, version } = await api.snapshot(path);
    this.#slices.clear();
    for (const object of items) {
      this.#set(object, performance.now());
    }
    this.#look(performance.now());
    await api.watch(path, version, (event) => this.#take(event), {
      signal: this.#stop.signal,
      ended: () => {
        this.breaks += 1;
        this.#follow(api, path).catch((error) => {
          if (!this.#stop.signal.aborted) {
            throw error;
          }
        });
      },
    });
  }

  get slices(): Slices {
    return this.#slices;
  }

  /** When an event brought this address, from now on. */
  address(address: string): Promise<number> {
    return new Promise((resolve) => this.#awaited.set(address, resolve));
  }

  /** When the slices were so for the first time; one at a time may be waited for. */
  until(isMet: (slices: Slices) => boolean): Promise<number> {
    if (isMet(this.#slices)) {
      return Promise.resolve(performance.now());
    }
    return new Promise((met) => {
      this.#condition = { isMet, met };
    });
  }

  end(): void {
    this.#stop.abort();
  }

  #take({ type, object }: AnyObject): void {
    // Its last word: the watch ends with it.
    if (type === 'ERROR') {
      return;
    }
    const at = performance.now();
    const { name } = object.metadata;
    if (type === 'DELETED') {
      this.#slices.delete(name);
    } else {
      this.writes.set(name, (this.writes.get(name) ?? 0) + 1);
      this.#set(object, at);
    }
    this.#look(at);
  }

  #set(object: AnyObject, at: number): void {
    const addresses = addressesOf(object);
    this.#slices.set(object.metadata.name, addresses);
    this.#tell(addresses, at);
  }

  #look(at: number): void {
    const condition = this.#condition;
    if (condition?.isMet(this.#slices) === true) {
      this.#condition = undefined;
      condition.met(at);
    }
  }

  #tell(addresses: readonly string[], at: number): void {
    if (this.#awaited.size === 0) {
      return;
    }
    for (const address of addresses) {
      this.#awaited.get(address)?.(at);
      this.#awaited.delete(address);
    }
  }
}

/** Makes changes one after the other and returns how long after each acknowledgement a watcher has seen it, in milliseconds. */
export async function latencies(
  seen: SlicesSeen,
  count: number,
  change: (index: number) => { readonly address: string; readonly acknowledged: Promise<unknown> },
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const { address, acknowledged } = change(index);
    const when = seen.address(address);
    await acknowledged;
    const at = performance.now();
    times.push(Math.max(0, (await when) - at));
    await pause(5);
  }
  return times;
}

function addressesOf({ endpoints }: AnyObject): readonly string[] {
  return (endpoints ?? []).map(({ addresses }: AnyObject) => addresses[0]);
}
