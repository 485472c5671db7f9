import type { HistoryEvent, RawEtcd } from '../kit/raw-etcd.ts';
import { isAnnounced } from './announced.ts';
import { longestWriteMs, type Workload } from './workload.ts';

/** One address that one key announces, from when it was put until its key was overwritten by another, deleted, or lost with a restore. */
export interface Life {
  readonly service: string;
  readonly key: string;
  readonly address: string;
  /** When the write was sent, in milliseconds since 1970: nothing can have come of it before. */
  readonly sentAt: number;
  /** When etcd told of it. */
  readonly seenAt: number;
  /** Counts restores: lives of one key are in order within one of them only. */
  readonly era: number;
  /** Its place in etcd's history, which is not the order of sending. */
  readonly order: number;
  /** When the write that ended it was sent; undefined while it lasts. */
  endedAt?: number;
}

/**
 * What etcd's own history says was registered when, by a watch of ours from revision 1 on. Without a line of the controller: the model of what it promises. What
 * cannot be read removes nothing.
 */
export class Registered {
  readonly lives: Life[] = [];
  /** Events of etcd's history below `/services/`. */
  events = 0;
  readonly #members: readonly RawEtcd[];
  readonly #workload: Workload;
  readonly #current = new Map<string, Life>();
  #next = 1;
  #era = 0;
  #stopping = false;

  constructor(members: readonly RawEtcd[], workload: Workload) {
    this.#members = members;
    this.#workload = workload;
  }

  /** Revision up to which the history has been read. */
  get revision(): number {
    return this.#next - 1;
  }

  start(): void {
    this.#stopping = false;
    void this.#run();
  }

  /** Reads on to the revision that etcd has now, and no further. */
  async catchUp(): Promise<void> {
    const { revision } = await this.#ask((member) => member.contentAt('/services/'));
    while (this.revision < revision) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#stopping = true;
  }

  /** Goes on with what a cluster holds that was restored at that time: what it lost has ended, what it brought back lives again. */
  async restored(restoredAt: number): Promise<void> {
    this.#stopping = true;
    const { revision, content } = await this.#ask((member) => member.contentAt('/services/'));
    this.#era += 1;
    for (const [key, life] of this.#current) {
      if (content.get(key)?.value.toString('latin1') !== life.address) {
        this.#end(key, restoredAt);
      }
    }
    for (const [key, { value, mod_revision }] of content) {
      const text = value.toString('latin1');
      // What cannot be read removes nothing: the value before counts, which was written before we have looked.
      const before = isAnnounced(text)
        ? text
        : await this.#ask((member) => member.valueBefore(key, Number(mod_revision)));
      this.#put(key, before ?? text, restoredAt);
    }
    this.#next = revision + 1;
    this.start();
  }

  /** What should be published for each service that has an instance, now. */
  addresses(): ReadonlyMap<string, ReadonlySet<string>> {
    const byService = Map.groupBy(this.#current.values(), ({ service }) => service);
    return new Map(
      [...byService].map(([service, lives]) => [service, new Set(lives.map(({ address }) => address))]),
    );
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Follows one member after the other, for as long as it tells something. */
  async #run(): Promise<void> {
    const era = this.#era;
    const isOver = (): boolean => this.#stopping || era !== this.#era;
    for (let turn = 0; !isOver(); turn += 1) {
      const member = this.#members[turn % this.#members.length] as RawEtcd;
      try {
        for await (const events of member.follow(this.#next)) {
          if (isOver()) {
            return;
          }
          this.#takeAll(events);
        }
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** A member that was away tells again what another has told. */
  #takeAll(events: readonly HistoryEvent[]): void {
    const fresh = events.filter(
      ({ key, revision }) => revision >= this.#next && key.startsWith('/services/'),
    );
    for (const { key, value } of fresh) {
      this.#take(key, value);
    }
    this.#next = Math.max(this.#next, (events.at(-1)?.revision ?? 0) + 1);
  }

  #take(key: string, value: string | undefined): void {
    this.events += 1;
    if (value === undefined) {
      const since = this.#current.get(key)?.sentAt ?? 0;
      const deletions = this.#workload.deletedAt.get(key) ?? [];
      // Two writes under way by way of two members are applied in any order.
      this.#end(key, deletions.find((at) => at >= since - longestWriteMs) ?? Date.now());
    } else {
      this.#put(key, value, this.#workload.putAt.get(value) ?? Date.now());
    }
  }

  #put(key: string, value: string, sentAt: number): void {
    if (!isAnnounced(value) || this.#current.get(key)?.address === value) {
      return;
    }
    this.#end(key, sentAt);
    const service = key.split('/')[2] ?? '';
    const [seenAt, order] = [Date.now(), this.lives.length];
    const life = { service, key, address: value, sentAt, seenAt, era: this.#era, order };
    this.lives.push(life);
    this.#current.set(key, life);
  }

  #end(key: string, at: number): void {
    const life = this.#current.get(key);
    if (life !== undefined) {
      life.endedAt = at;
      this.#current.delete(key);
    }
  }

  async #ask<Answer>(question: (member: RawEtcd) => Promise<Answer>): Promise<Answer> {
    for (let turn = 0; ; turn += 1) {
      try {
        return await question(this.#members[turn % this.#members.length] as RawEtcd);
      } catch (error) {
        if (turn > 100) {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}
