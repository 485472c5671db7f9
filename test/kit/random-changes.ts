import { isDeepStrictEqual } from 'node:util';
import {
  type Announced,
  encode,
  ModelRegistry,
  type ModelSpec,
  unreadable,
  type Value,
} from './model-registry.ts';
import { randomFrom } from './random.ts';

/** One write to the registry. */
export interface RegistryWrite {
  readonly key: string;
  /** Undefined: the key is deleted. */
  readonly value: string | undefined;
}

/** One EtcdService over `/services/<name>`, and what should come of it. */
export interface ModelService {
  readonly name: string;
  readonly model: ModelRegistry;
}

const mostKeys = 24;
const zones = ['a', 'b', undefined];
const environments = ['prod', 'prod', 'test'];
const portChoices: readonly ModelSpec['ports'][] = [['http', 'grpc'], ['http'], 7777];
const specs = portChoices.flatMap((ports) =>
  [undefined, 'prod'].flatMap((env) => [true, false].map((hints) => ({ ports, env, hints }))),
);

/** Values of which nothing can be read. */
const garbage = [
  '',
  '{"ip":',
  'no JSON',
  '{"ip":"127.0.0.1","http":80,"up":true}',
  '{"ip":"web.example","http":80,"up":true}',
  '{"ip":"10.0.0.1","http":65536,"up":true}',
];

/** What happens to registrations, by chance: the same for the same seed. */
export class RandomChanges {
  readonly services: readonly ModelService[];
  readonly #random: () => number;
  #ports = 8000;

  constructor(names: readonly string[], seed: number) {
    this.#random = randomFrom(seed);
    this.services = names.map((name, index) => {
      const headless = index % 3 === 2;
      return {
        name,
        model: new ModelRegistry({ ports: ['http', 'grpc'], env: undefined, hints: false, headless }),
      };
    });
  }

  /** One change to the registrations of some service: its writes, each of which is in the model when it is given. */
  *change(): Generator<RegistryWrite> {
    const service = this.#pick(this.services);
    const { name, model } = service;
    const key = this.#key(service);
    const before = model.valueOf(key);
    const chance = this.#random();
    if (before !== undefined && (chance < 0.15 || model.keys.length > mostKeys)) {
      yield this.#delete(model, key);
    } else if (before !== undefined && chance < 0.25) {
      yield this.#delete(model, key);
      yield this.#put(model, key, before);
    } else if (chance < 0.4) {
      yield this.#put(model, key, unreadable);
    } else {
      yield this.#put(model, key, this.#next(before, name));
    }
  }

  /** Another spec of one service, in the model already. */
  respecify(): ModelService {
    const service = this.#pick(this.services);
    const { model } = service;
    const others = specs.filter((spec) => !isDeepStrictEqual({ ...model.spec, ...spec }, model.spec));
    model.respecify({ ...model.spec, ...this.#pick(others) });
    return service;
  }

  #delete(model: ModelRegistry, key: string): RegistryWrite {
    model.delete(key);
    return { key, value: undefined };
  }

  #put(model: ModelRegistry, key: string, value: Value): RegistryWrite {
    model.put(key, value);
    return { key, value: value === unreadable ? this.#pick(garbage) : encode(value) };
  }

  /** A new instance, or the same with something changed. */
  #next(before: Value | undefined, name: string): Announced {
    const known = before === undefined || before === unreadable ? this.#instance(name) : before;
    const chance = this.#random();
    if (chance < 0.4) {
      return { ...known, ready: !known.ready };
    }
    if (chance < 0.6) {
      return { ...known, ports: this.#newPorts(known.address) };
    }
    if (chance < 0.7) {
      return { ...known, ports: {} };
    }
    if (chance < 0.85) {
      return { ...known, zone: this.#pick(zones), env: this.#pick(environments) };
    }
    return this.#instance(name);
  }

  /** Few addresses, so that some are announced twice. */
  #instance(name: string): Announced {
    const place = 1 + Math.floor(this.#random() * 60);
    const address = place % 10 === 0 ? `fd00::${place}` : `10.0.0.${place}`;
    return {
      address,
      ports: this.#newPorts(address),
      ready: this.#random() < 0.8,
      env: this.#pick(environments),
      zone: this.#pick(zones),
      hostname: `${name}-${place}`,
    };
  }

  /** Numbers that nobody had before, or those of everybody; every third address has no port `grpc`. */
  #newPorts(address: string): Announced['ports'] {
    const isCommon = this.#random() < 0.7;
    this.#ports += isCommon ? 0 : 1;
    const http = isCommon ? 8000 : this.#ports;
    return address.charCodeAt(address.length - 1) % 3 === 0 ? { http } : { http, grpc: http + 10_000 };
  }

  #key({ name, model }: ModelService): string {
    const isKnown = model.keys.length > 0 && this.#random() < 0.6;
    return isKnown ? this.#pick(model.keys) : `/services/${name}/${Math.floor(this.#random() * 100)}`;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)] as T;
  }
}
