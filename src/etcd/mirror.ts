import type { EtcdClient } from './client.ts';
import type { MirrorObserver } from './observer.ts';
import type { EtcdDeps } from './options.ts';
import type {
  Connection,
  Key,
  KeyRange,
  MirroredRange,
  RangeListener,
  Registration,
  RegistrySource,
  Revision,
} from './types.ts';

export interface MirrorDeps extends EtcdDeps {
  readonly observer?: MirrorObserver;
  /** Time between comparisons of keys; default 10 minutes, jittered. */
  readonly comparePeriodMs?: number;
}

/** The mirror of an etcd cluster: what is followed is copied and kept exact. It does not own the client. */
export declare class Mirror implements RegistrySource {
  constructor(client: EtcdClient, deps: MirrorDeps);
  follow(range: KeyRange, listener: RangeListener): MirroredRange;
  valueBefore(key: Key, revision: Revision): Promise<Registration | undefined>;
  readonly connection: Connection;
  onConnection(listener: (connection: Connection) => void): () => void;
  close(): Promise<void>;
}
