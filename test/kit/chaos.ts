import { setTimeout as pause } from 'node:timers/promises';
import type { ControllerProcess } from './controller-process.ts';
import { randomFrom } from './random.ts';
import { leads, type Replicas } from './replicas.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** What befalls a replica, and what ends it. */
const troubles = ['pause', 'partition', 'kill', 'stop'] as const;
type Trouble = (typeof troubles)[number];

/** How long one step takes, in milliseconds: the least and what is added at random. Troubles last for several, so some outlast a TTL. */
const stepMs = { least: 200, more: 2_600 };

/** A place for a replica, with a way to etcd of its own. */
interface Seat {
  readonly proxy: TcpProxy;
  replica: ControllerProcess;
  trouble: 'pause' | 'partition' | undefined;
}

/** Random pauses, partitions, kills and stops of replicas, and their ends: for the same seed the same choices, among them that of whoever leads. */
export class Chaos {
  readonly #replicas: Replicas;
  readonly #random: () => number;
  readonly #seats: Seat[] = [];
  /** What has been done, a line a step. */
  readonly history: string[] = [];

  private constructor(replicas: Replicas, seed: number) {
    this.#replicas = replicas;
    this.#random = randomFrom(seed);
  }

  /** Starts three replicas; who calls closes it before it stops them. */
  static async start(replicas: Replicas, seed: number): Promise<Chaos> {
    const chaos = new Chaos(replicas, seed);
    const { port } = new URL(replicas.scene.registry.endpoints[0] ?? '');
    for (let seat = 0; seat < 3; seat += 1) {
      const proxy = await startTcpProxy(Number(port));
      const replica = await replicas.start({ etcd: [`http://${proxy.address}`] });
      chaos.#seats.push({ proxy, replica, trouble: undefined });
    }
    return chaos;
  }

  /** One step. Half of them are about the leader, since nothing else can make two of them. */
  async step(): Promise<void> {
    const aim = Math.floor(this.#random() * 6);
    const trouble = troubles[Math.floor(this.#random() * troubles.length)] as Trouble;
    const restMs = stepMs.least + this.#random() * stepMs.more;
    const index = aim < 3 ? aim : this.#leading();
    const seat = this.#seats[index] as Seat;
    if (seat.trouble === undefined) {
      this.#note(index, trouble);
      await this.#begin(seat, trouble);
    } else {
      this.#note(index, `end of the ${seat.trouble}`);
      end(seat);
    }
    await pause(restMs);
  }

  /** Ends all troubles. */
  calm(): void {
    this.#seats.forEach(end);
  }

  async close(): Promise<void> {
    this.calm();
    await Promise.all(this.#seats.map(({ proxy }) => proxy.close()));
  }

  async #begin(seat: Seat, trouble: Trouble): Promise<void> {
    switch (trouble) {
      case 'pause':
        seat.replica.signal('SIGSTOP');
        seat.trouble = trouble;
        break;
      case 'partition':
        seat.proxy.blackhole();
        seat.trouble = trouble;
        break;
      case 'kill':
        await seat.replica.kill();
        await this.#fill(seat);
        break;
      case 'stop':
        await seat.replica.stop();
        await this.#fill(seat);
        break;
    }
  }

  async #fill(seat: Seat): Promise<void> {
    seat.replica = await this.#replicas.start({ etcd: [`http://${seat.proxy.address}`] });
  }

  /** The first seat where nobody says that he leads. */
  #leading(): number {
    return Math.max(
      0,
      this.#seats.findIndex(({ replica, trouble }) => trouble === undefined && leads(replica)),
    );
  }

  #note(index: number, what: string): void {
    const of = leads((this.#seats[index] as Seat).replica) ? 'leader' : 'standby';
    this.history.push(`${new Date().toISOString()} replica ${index} (${of}): ${what}`);
  }
}

function end(seat: Seat): void {
  seat.replica.signal('SIGCONT');
  seat.proxy.heal();
  seat.trouble = undefined;
}
