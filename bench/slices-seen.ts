import { setTimeout as pause } from 'node:timers/promises';
import type { AnyObject } from '../test/kit/kube-objects.ts';
import { collection, namespace } from './objects.ts';
import type { RawApi } from './raw/api.ts';

type Slices = ReadonlyMap<string, readonly string[]>;

/** The EndpointSlices of a namespace as a watcher sees them, and when. Times are of `performance.now()`. */
export class SlicesSeen {
  /** How often each slice has been written. */
  readonly writes = new Map<string, number>();
  readonly #slices = new Map<string, readonly string[]>();
  readonly #awaited = new Map<string, (at: number) => void>();
  #condition: { readonly isMet: (slices: Slices) => boolean; readonly met: (at: number) => void } | undefined;
  #end: () => void = () => undefined;

  static async watch(api: RawApi, inNamespace = namespace): Promise<SlicesSeen> {
    const seen = new SlicesSeen();
    const path = collection('endpointslices', inNamespace);
    for (const slice of await api.list(path)) {
      seen.#slices.set(slice.metadata.name, addressesOf(slice));
    }
    seen.#end = await api.watch(path, (event) => seen.#take(event));
    return seen;
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
    this.#end();
  }

  #take({ type, object }: AnyObject): void {
    const at = performance.now();
    const { name } = object.metadata;
    if (type === 'DELETED') {
      this.#slices.delete(name);
    } else {
      const addresses = addressesOf(object);
      this.#slices.set(name, addresses);
      this.writes.set(name, (this.writes.get(name) ?? 0) + 1);
      this.#tell(addresses, at);
    }
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
