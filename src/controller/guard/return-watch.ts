import type { Connection } from '../../etcd/types.ts';

/** Notices that a registry was away, also where it is back before anybody looks. */
export class ReturnWatch {
  #isAway: boolean = false;
  #connectedSince: number | undefined;

  /** As of the last look. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Whether it has been away and come back since the last look. */
  isBack(connection: Connection | undefined): boolean {
    if (connection === undefined) {
      return false;
    }
    const { connected, sinceMonotonic: since } = connection;
    const wasAway = this.#isAway || (this.#connectedSince !== undefined && this.#connectedSince !== since);
    this.#isAway = !connected;
    if (connected) {
      this.#connectedSince = since;
    }
    return connected && wasAway;
  }
}
