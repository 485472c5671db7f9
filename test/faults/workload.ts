import { setTimeout as pause } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { eventually } from '../kit/eventually.ts';
import { randomFrom } from '../kit/random.ts';
import { RawEtcd } from '../kit/raw-etcd.ts';
import { isAnnounced } from './announced.ts';

export interface WorkloadOptions {
  /** URLs of the registry's members. */
  readonly endpoints: readonly string[];
  readonly services: number;
  /** Keys of each service. */
  readonly keys: number;
  readonly changesPerSecond: number;
  readonly seed: number;
}

/** How long a write may take before it counts as failed, in milliseconds: it may have been applied all the same. */
export const longestWriteMs = 3_000;
/** How long etcd may take to be itself again, once nothing is done to it. */
const patience = { timeoutMs: 120_000 };
const writesAtOnce = 200;
/** Keys that one revision registers at the start. */
const batch = 100;

/**
 * Registrations that come, move, turn unreadable and go at a steady rate. No value is ever used twice, so that each tells which write it is of. What
 * was sent, and when, is noted for the checker: nothing can have come of a write before it was sent.
 */
export class Workload {
  readonly services: readonly string[];
  /** When each value was sent, in milliseconds since 1970. */
  readonly putAt = new Map<string, number>();
  /** When deletions of each key were sent. */
  readonly deletedAt = new Map<string, number[]>();
  /** Changes that etcd has acknowledged. */
  changes = 0;
  /** Changes that it has refused, or not answered in time. */
  failures = 0;
  readonly #members: readonly RawEtcd[];
  readonly #options: WorkloadOptions;
  readonly #random: () => number;
  readonly #unreadable = new Set<string>();
  #underWay = 0;
  #step = 0;
  #running: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.services = Array.from({ length: options.services }, (_, index) => `service-${index}`);
    this.#members = options.endpoints.map(
      (url) => new RawEtcd(new URL(url).host, credentials.createInsecure(), longestWriteMs),
    );
  }

  /** Registers every key once. */
  async fill(): Promise<void> {
    const keys = this.services.flatMap((service) => this.#keysOf(service));
    for (let start = 0; start < keys.length; start += batch) {
      const writes = new Map(
        keys.slice(start, start + batch).map((key) => [key, this.#sent(this.#address())]),
      );
      // The same values once more, where a busy machine has let a deadline pass.
      await eventually(() => this.#etcd().commit(writes));
    }
  }

  /** Begins to change registrations. */
  start(): void {
    this.#stopping = false;
    this.#running = this.#run();
  }

  /** Ends that, and waits for the writes under way. */
  async pause(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    while (this.#underWay > 0) {
      await pause(10);
    }
  }

  /** Overwrites what etcd holds that is unreadable, so that what should be published depends on nothing else. */
  async mend(): Promise<void> {
    const content = await eventually(() => this.#etcd().content('/services/'), patience);
    for (const [key, { value }] of content) {
      if (!isAnnounced(value.toString('latin1'))) {
        const address = this.#address();
        await eventually(() => this.#put(key, address), patience);
      }
    }
  }

  /** Deletes every key of the workload. */
  async clear(): Promise<void> {
    await this.#etcd().deletePrefix('/services/');
  }

  close(): void {
    for (const member of this.#members) {
      member.close();
    }
  }

  /** At a steady rate whatever becomes of the writes, as long as not too many are under way. */
  async #run(): Promise<void> {
    const startedAt = performance.now();
    let begun = 0;
    while (!this.#stopping) {
      const due = ((performance.now() - startedAt) / 1000) * this.#options.changesPerSecond;
      // What was not begun while all of them hung is not made up for.
      if (due - begun > this.#options.changesPerSecond) {
        begun = due - this.#options.changesPerSecond;
      }
      for (; begun < due && this.#underWay < writesAtOnce; begun += 1) {
        void this.#change();
      }
      await pause(10);
    }
  }

  async #change(): Promise<void> {
    this.#underWay += 1;
    try {
      await this.#changeOne();
      this.changes += 1;
    } catch {
      this.failures += 1;
    } finally {
      this.#underWay -= 1;
    }
  }

  async #changeOne(): Promise<void> {
    const service = this.services[Math.floor(this.#random() * this.services.length)] ?? '';
    const key = `/services/${service}/${Math.floor(this.#random() * this.#options.keys)}`;
    const chance = this.#random();
    if (chance < 0.12) {
      const times = this.deletedAt.get(key) ?? [];
      times.push(Date.now());
      this.deletedAt.set(key, times);
      this.#unreadable.delete(key);
      await this.#etcd().delete(key);
    } else if (chance < 0.14 && !this.#unreadable.has(key)) {
      this.#step += 1;
      this.#unreadable.add(key);
      await this.#etcd().put(key, this.#sent(`no address: ${this.#step}`));
    } else {
      await this.#put(key, this.#address());
    }
  }

  async #put(key: string, address: string): Promise<void> {
    await this.#etcd().put(key, this.#sent(address));
    this.#unreadable.delete(key);
  }

  #sent(value: string): string {
    this.putAt.set(value, Date.now());
    return value;
  }

  /** One that has never been used. */
  #address(): string {
    this.#step += 1;
    const step = this.#step;
    return `10.${(step >> 16) & 255}.${(step >> 8) & 255}.${step & 255}:80`;
  }

  #keysOf(service: string): readonly string[] {
    return Array.from({ length: this.#options.keys }, (_, index) => `/services/${service}/${index}`);
  }

  /** One member after the other. */
  #etcd(): RawEtcd {
    return this.#members[(this.changes + this.failures + this.#underWay) % this.#members.length] as RawEtcd;
  }
}
