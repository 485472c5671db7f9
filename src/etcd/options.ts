import type { Clock } from '../clock.ts';
import type { Log } from './log.ts';

/** How an etcd cluster is reached. Certificates are PEM. */
export interface EtcdOptions {
  /** `http://host:port` or `https://host:port`, one scheme for all; every member may be named, any may be away. */
  readonly hosts: readonly string[];
  readonly tls?: TlsOptions;
  readonly user?: { readonly name: string; readonly password: string };
  /** The largest message that is accepted; a larger watch response makes its ranges be listed again. Default 256 MiB. */
  readonly maxMessageBytes?: number;
  /** Deadline of one try of a call on one member. Default 10 s. */
  readonly callTimeoutMs?: number;
  /** How long a connection may take until it is abandoned. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Idle time before a connection is probed. Default 10 s; etcd refuses less than 5 s. */
  readonly keepaliveTimeMs?: number;
  /** How long the probe's answer may take. Default 3 s. */
  readonly keepaliveTimeoutMs?: number;
}

export interface TlsOptions {
  /** Certificates of the authorities; default: those that Node trusts. */
  readonly ca?: Buffer;
  /** The client's certificate and its key; both or none. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** The name that the servers' certificates must carry, where it is not the host of the URL. */
  readonly serverName?: string;
}

/** What the etcd side is handed. */
export interface EtcdDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** For jitter; default Math.random. */
  readonly random?: () => number;
}
