/**
 * What Kubernetes should hold for registrations, said a second time without a line of src: small, slow and plain. Tests compare the controller
 * with it.
 */

/** An instance, as a registration in the form of {@link encode} announces it. */
export interface Announced {
  readonly address: string;
  /** Ports by name: `http`, and `grpc` or not; none at all cannot be published where ports are asked for by name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly ready: boolean;
  readonly env: string;
  readonly zone?: string | undefined;
  readonly hostname?: string | undefined;
}

/** A value that announces nothing that could be read. */
export const unreadable = 'unreadable';

export type Value = Announced | typeof unreadable;

/** The part of a spec that the model knows. */
export interface ModelSpec {
  /** Names of the ports that are asked for by name; a number is that port of every instance, under the name `http`. */
  readonly ports: readonly string[] | number;
  /** Only instances of this environment are published. */
  readonly env: string | undefined;
  readonly hints: boolean;
  readonly headless: boolean;
}

/** An endpoint as slices should hold it. */
export interface Expected {
  readonly address: string;
  /** `http:8080,grpc:9090`. */
  readonly ports: string;
  readonly ready: boolean;
  readonly zone: string;
  readonly hint: string;
  readonly hostname: string;
}

interface Registration {
  /** Since the key was created, the present one last. */
  readonly values: readonly Value[];
  /** What was read last of this registration that could be published, or was left out on purpose. */
  readonly lastGood: Announced | undefined;
}

/** The value in etcd, for `format: json` with the paths of {@link jsonPaths}. */
export function encode({ address, ports, ready, ...metadata }: Announced): string {
  return JSON.stringify({ ip: address, ...ports, up: ready, metadata });
}

export const jsonPaths = {
  address: '.ip',
  ports: { http: '.http', grpc: '.grpc' },
  ready: { path: '.up' },
  metadata: '.metadata',
};

/** The registrations of one EtcdService. */
export class ModelRegistry {
  readonly #registrations = new Map<string, Registration>();
  #spec: ModelSpec;

  constructor(spec: ModelSpec) {
    this.#spec = spec;
  }

  get spec(): ModelSpec {
    return this.#spec;
  }

  get keys(): readonly string[] {
    return [...this.#registrations.keys()].sort();
  }

  valueOf(key: string): Value | undefined {
    return this.#registrations.get(key)?.values.at(-1);
  }

  put(key: string, value: Value): void {
    const { values = [], lastGood } = this.#registrations.get(key) ?? {};
    const stand = this.#isGood(value) ? value : (lastGood ?? this.#earlier(values));
    this.#registrations.set(key, { values: [...values, value], lastGood: stand });
  }

  delete(key: string): void {
    this.#registrations.delete(key);
  }

  /** Every registration is read anew. */
  respecify(spec: ModelSpec): void {
    this.#spec = spec;
    for (const [key, registration] of this.#registrations) {
      const value = registration.values.at(-1) ?? unreadable;
      if (this.#isGood(value)) {
        this.#registrations.set(key, { ...registration, lastGood: value });
      }
    }
  }

  /** What should be published: each address and ports once, as the first registration that calls it ready says, else as the first. */
  expected(): readonly Expected[] {
    const byId = new Map<string, Expected>();
    for (const key of this.keys) {
      const shown = this.#shown(key);
      if (shown !== undefined) {
        const id = `${shown.address} ${shown.ports}`;
        const known = byId.get(id);
        byId.set(id, known === undefined || (shown.ready && !known.ready) ? shown : known);
      }
    }
    const all = [...byId.values()];
    const isHinted = this.#spec.hints && all.every(({ ready, zone }) => !ready || zone !== '');
    return isHinted ? all.map((one) => ({ ...one, hint: one.zone })) : all;
  }

  /** `10.0.0.1:8080 (http)` of everything that is ready. */
  readyLines(): ReadonlySet<string> {
    return new Set(this.expected().flatMap((one) => (one.ready ? linesOf(one) : [])));
  }

  #shown(key: string): Expected | undefined {
    const { values = [], lastGood } = this.#registrations.get(key) ?? {};
    const value = values.at(-1);
    const announced = value !== undefined && this.#isGood(value) ? value : lastGood;
    if (announced === undefined || !this.#isAdmitted(announced)) {
      return undefined;
    }
    const { address, ready, zone = '', hostname = '' } = announced;
    const ports = this.#portsOf(announced);
    const shownName = this.#spec.headless ? hostname : '';
    return ports === '' ? undefined : { address, ports, ready, zone, hint: '', hostname: shownName };
  }

  /** Of a key that was never readable, a few earlier values are tried by the spec of today. */
  #earlier(values: readonly Value[]): Announced | undefined {
    return values.slice(-5).findLast((value) => this.#isGood(value)) as Announced | undefined;
  }

  /** What is left out on purpose is good: nothing stands in for it. */
  #isGood(value: Value): value is Announced {
    return value !== unreadable && (!this.#isAdmitted(value) || this.#portsOf(value) !== '');
  }

  #isAdmitted({ env, address }: Announced): boolean {
    const isServed = this.#spec.headless || !address.includes(':');
    return isServed && (this.#spec.env === undefined || this.#spec.env === env);
  }

  #portsOf({ ports }: Announced): string {
    const wanted = this.#spec.ports;
    if (typeof wanted === 'number') {
      return `http:${wanted}`;
    }
    return wanted
      .filter((name) => ports[name] !== undefined)
      .map((name) => `${name}:${ports[name]}`)
      .join();
  }
}

/** A line for each port of an endpoint, as `addressesOf` in scene.ts writes them. */
export function linesOf({ address, ports, ready }: Expected): readonly string[] {
  const host = address.includes(':') ? `[${address}]` : address;
  return ports.split(',').map((port) => {
    const [name, number] = port.split(':');
    return `${host}:${number} (${name})${ready ? '' : ' not ready'}`;
  });
}
