import type { EtcdService, EtcdServiceStatus } from '../../api/etcd-service.ts';
import { etcdServiceResource } from '../../api/etcd-service.ts';
import type { Clock } from '../../clock.ts';
import type { KubeWriter, ObjectKey } from '../../kube/types.ts';
import type { OwnWrites } from '../publish/own-writes.ts';
import { differenceOf } from './status.ts';

/** The least time between two writes of a status whose counters alone changed. */
const counterIntervalMs = 10_000;

export interface StatusWriterDeps {
  readonly etcdServices: OwnWrites<EtcdService>;
  readonly writer: KubeWriter;
  readonly clock: Clock;
}

/** Writes statuses: transitions at once, counters throttled so that they never follow every change of endpoints. */
export class StatusWriter {
  readonly #deps: StatusWriterDeps;
  readonly #writtenAt = new Map<ObjectKey, number>();

  constructor(deps: StatusWriterDeps) {
    this.#deps = deps;
  }

  /** Writes the status where it differs. Returns in how many milliseconds to come again where counters have to wait. */
  async write(key: ObjectKey, object: EtcdService, status: EtcdServiceStatus): Promise<number | undefined> {
    const { etcdServices, writer, clock } = this.#deps;
    const difference = differenceOf(object.status ?? {}, status);
    if (difference === 'none') {
      return undefined;
    }
    const waitMs = (this.#writtenAt.get(key) ?? -counterIntervalMs) + counterIntervalMs - clock.monotonic();
    if (difference === 'counters' && waitMs > 0) {
      return waitMs;
    }
    this.#writtenAt.set(key, clock.monotonic());
    await etcdServices.write(key, () => writer.updateStatus(etcdServiceResource, { ...object, status }));
    return undefined;
  }

  forget(key: ObjectKey): void {
    this.#writtenAt.delete(key);
  }
}
