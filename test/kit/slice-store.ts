import type { SlicesPlan } from '../../src/endpoints/pack/types.ts';
import type { EndpointSlice } from '../../src/kube/resources.ts';

/** EndpointSlices as an apiserver would hold them: every write is checked, and nothing that is read from here can be changed. */
export class SliceStore {
  readonly #slices = new Map<string, EndpointSlice>();
  #revision = 0;

  get slices(): readonly EndpointSlice[] {
    return [...this.#slices.values()];
  }

  /** Every address that some slice holds, and every port of it as `10.0.0.1 http:8080/TCP`. */
  get reachable(): ReadonlySet<string> {
    return new Set(this.slices.flatMap(({ endpoints, ports }) => reachOf(endpoints ?? [], ports ?? [])));
  }

  /** Makes the writes of a plan one by one, at most `limit` of them; `seen` is called after each. Returns how many there were. */
  apply(
    { creates, updates, deletes }: SlicesPlan,
    seen: () => void = () => undefined,
    limit = Number.POSITIVE_INFINITY,
  ): number {
    const writes = [
      ...creates.map((slice) => () => this.#create(slice)),
      ...updates.map((slice) => () => this.#update(slice)),
      ...deletes.map((slice) => () => this.#delete(slice)),
    ];
    for (const write of writes.slice(0, limit)) {
      write();
      seen();
    }
    return writes.length;
  }

  /** Holds a slice as it is given, whoever may have written it. */
  put(slice: EndpointSlice): void {
    this.#revision += 1;
    const stored = structuredClone({
      ...slice,
      metadata: {
        ...slice.metadata,
        uid: slice.metadata.uid ?? `u${this.#revision}`,
        resourceVersion: `${this.#revision}`,
      },
    });
    this.#slices.set(slice.metadata.name, deepFreeze(stored));
  }

  #create(slice: EndpointSlice): void {
    if (this.#slices.has(slice.metadata.name)) {
      throw new Error(`409: ${slice.metadata.name} exists`);
    }
    this.put(slice);
  }

  #update(slice: EndpointSlice): void {
    const current = this.#slices.get(slice.metadata.name);
    if (current?.metadata.resourceVersion !== slice.metadata.resourceVersion) {
      throw new Error(`409: ${slice.metadata.name} is another one by now`);
    }
    if (current?.addressType !== slice.addressType) {
      throw new Error(`422: ${slice.metadata.name} cannot change its address type`);
    }
    this.put(slice);
  }

  #delete({ metadata }: EndpointSlice): void {
    if (this.#slices.get(metadata.name)?.metadata.uid !== metadata.uid) {
      throw new Error(`409: ${metadata.name} is another one by now`);
    }
    this.#slices.delete(metadata.name);
  }
}

function reachOf(
  endpoints: NonNullable<EndpointSlice['endpoints']>,
  ports: NonNullable<EndpointSlice['ports']>,
): readonly string[] {
  return endpoints.flatMap(({ addresses: [address = ''] }) => reachOfOne(address, ports));
}

/** What a client that knows an endpoint can reach: the address, and each of its ports. */
export function reachOfOne(address: string, ports: NonNullable<EndpointSlice['ports']>): readonly string[] {
  return [
    address,
    ...ports.map(({ name = '', port, protocol = 'TCP' }) => `${address} ${name}:${port}/${protocol}`),
  ];
}

export function addressesOf({ endpoints }: EndpointSlice): readonly string[] {
  return (endpoints ?? []).flatMap(({ addresses }) => addresses);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(Object.freeze(value)).forEach(deepFreeze);
  }
  return value;
}
