import type { RawEtcd } from '../kit/raw-etcd.ts';

export type Kind = 'Endpoints' | 'EndpointSlice';

/** That an address came to be published for a service, or ceased to be. */
export interface Publication {
  /** When Kubernetes's store told of it, in milliseconds since 1970. */
  readonly at: number;
  /** Of the store: what one write brings comes at once. */
  readonly revision: number;
  readonly kind: Kind;
  readonly service: string;
  readonly address: string;
  readonly added: boolean;
}

/** A time in which the removals of a service were held, as its condition RemovalHeld says; in milliseconds since 1970. */
export interface Hold {
  readonly service: string;
  readonly from: number;
  /** Undefined while it lasts. */
  to?: number;
}

interface StoredEtcdService {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface StoredEndpoints {
  readonly subsets?: readonly {
    readonly addresses?: readonly { readonly ip: string }[];
    readonly ports?: readonly { readonly port: number }[];
  }[];
}

interface StoredSlice {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean };
  }[];
  readonly ports?: readonly { readonly port: number }[];
}

/** Where the store of an apiserver keeps what is ours, by the names that the audit log has for it. */
const folders = {
  endpoints: '/registry/services/endpoints/',
  endpointslices: '/registry/endpointslices/',
  services: '/registry/services/specs/',
  etcdservices: '/registry/etcd-endpoints.io/etcdservices/',
} as const;

const manager = 'endpointslice.kubernetes.io/managed-by';
const none: ReadonlySet<string> = new Set();

/**
 * What was published when, by a watch of the store behind the apiserver, which must keep JSON and must not compact: every change that ever took effect, in
 * order, whatever becomes of the apiserver.
 */
export class Published {
  readonly publications: Publication[] = [];
  readonly holds: Hold[] = [];
  /** Revisions of each object, by `<plural> <name>`. */
  readonly revisions = new Map<string, number>();
  /** Slices of services of ours that somebody else made, ever. */
  foreignSlices = 0;
  readonly #store: RawEtcd;
  readonly #namespace: string;
  readonly #endpoints = new Map<string, ReadonlySet<string>>();
  /** By the name of the slice. */
  readonly #slices = new Map<string, { readonly service: string; readonly addresses: ReadonlySet<string> }>();
  #reached = 0;
  #stopped = false;

  constructor(store: RawEtcd, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
  }

  /** Reads the history from its beginning, and on until `stop`. Rejects where the store ends the watch. */
  async run(): Promise<void> {
    for await (const events of this.#store.follow(1)) {
      for (const { key, value, revision } of events) {
        this.#reached = revision;
        this.#take(key, value);
      }
      if (this.#stopped) {
        return;
      }
    }
  }

  /** Returns once all has been read that the store has now. */
  async catchUp(): Promise<void> {
    const head = await this.#store.revision();
    while (this.#reached < head) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** What is published now for a service in objects of that kind. */
  addresses(kind: Kind, service: string): ReadonlySet<string> {
    return kind === 'Endpoints' ? (this.#endpoints.get(service) ?? none) : this.#inSlices(service);
  }

  #take(key: string, value: string | undefined): void {
    const place = Object.entries(folders).find(([, folder]) =>
      key.startsWith(`${folder}${this.#namespace}/`),
    );
    if (place === undefined) {
      return;
    }
    const [plural, folder] = place;
    const name = key.slice(folder.length + this.#namespace.length + 1);
    const object = `${plural} ${name}`;
    this.revisions.set(object, (this.revisions.get(object) ?? 0) + 1);
    if (plural === 'endpoints') {
      const before = this.addresses('Endpoints', name);
      this.#endpoints.set(name, value === undefined ? none : inEndpoints(JSON.parse(value)));
      this.#note('Endpoints', name, before);
    } else if (plural === 'etcdservices') {
      this.#takeHold(name, value === undefined ? {} : JSON.parse(value));
    } else if (plural === 'endpointslices') {
      this.#takeSlice(name, value === undefined ? undefined : JSON.parse(value));
    }
  }

  #takeHold(service: string, { status }: StoredEtcdService): void {
    const condition = status?.conditions?.find(({ type }) => type === 'RemovalHeld');
    const current = this.holds.findLast((hold) => hold.service === service && hold.to === undefined);
    if (condition?.status === 'True' && current === undefined) {
      this.holds.push({ service, from: Date.now() });
    } else if (condition?.status !== 'True' && current !== undefined) {
      current.to = Date.now();
    }
  }

  #takeSlice(name: string, slice: StoredSlice | undefined): void {
    const labels = slice?.metadata.labels ?? {};
    const service = labels['kubernetes.io/service-name'] ?? this.#slices.get(name)?.service ?? '';
    if (slice !== undefined && labels[manager] !== 'etcd-endpoints.io') {
      this.foreignSlices += 1;
      return;
    }
    const before = this.#inSlices(service);
    if (slice === undefined) {
      this.#slices.delete(name);
    } else {
      this.#slices.set(name, { service, addresses: inSlice(slice) });
    }
    this.#note('EndpointSlice', service, before);
  }

  #inSlices(service: string): ReadonlySet<string> {
    const own = [...this.#slices.values()].filter((slice) => slice.service === service);
    return new Set(own.flatMap(({ addresses }) => [...addresses]));
  }

  #note(kind: Kind, service: string, before: ReadonlySet<string>): void {
    const after = this.addresses(kind, service);
    const one = { at: Date.now(), revision: this.#reached, kind, service };
    for (const address of after.difference(before)) {
      this.publications.push({ ...one, address, added: true });
    }
    for (const address of before.difference(after)) {
      this.publications.push({ ...one, address, added: false });
    }
  }
}

function inEndpoints({ subsets = [] }: StoredEndpoints): ReadonlySet<string> {
  return new Set(
    subsets.flatMap(({ addresses = [], ports = [] }) =>
      addresses.flatMap(({ ip }) => ports.map(({ port }) => `${ip}:${port}`)),
    ),
  );
}

function inSlice({ endpoints = [], ports = [] }: StoredSlice): ReadonlySet<string> {
  return new Set(
    endpoints
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses }) => addresses.flatMap((ip) => ports.map(({ port }) => `${ip}:${port}`))),
  );
}
