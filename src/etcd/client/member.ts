import { Connection, type ConnectionOptions } from './connection.ts';
import type { ServiceName } from './etcd3.ts';

/** Calls share a connection; watches and leases have one each, so that a large watch message never delays a keepalive. */
const lines = { KV: 'calls', Auth: 'calls', Maintenance: 'calls', Watch: 'watch', Lease: 'lease' } as const;

/** One member of the cluster and our connections to it. */
export class Member {
  /** `host:port` */
  readonly address: string;
  readonly #options: ConnectionOptions;
  readonly #connections = new Map<(typeof lines)[ServiceName], Connection>();

  constructor(address: string, options: ConnectionOptions) {
    this.address = address;
    this.#options = options;
  }

  connection(service: ServiceName): Connection {
    const line = lines[service];
    let connection = this.#connections.get(line);
    if (connection === undefined) {
      connection = new Connection(this.address, this.#options);
      this.#connections.set(line, connection);
    }
    return connection;
  }

  close(): void {
    for (const connection of this.#connections.values()) {
      connection.close();
    }
  }
}
