import type { Version } from './version.ts';

/** An etcd with its tools, all of one version. */
export interface EtcdBinaries {
  readonly etcd: string;
  readonly etcdctl: string;
  /** Comes with etcd 3.5 and newer, and is the only one that restores snapshots from 3.6. */
  readonly etcdutl: string | undefined;
  /** As in `3.5.30`. */
  readonly etcdVersion: string;
}

/** The programs of a control plane. */
export interface Binaries extends EtcdBinaries {
  /** Where they came from, for a person to read. */
  readonly source: string;
  readonly kubeApiserver: string;
  readonly kubernetesVersion: Version;
  readonly kubectl: string | undefined;
  readonly kubeControllerManager: string | undefined;
}

/** Takes a line that tells a person what is going on. */
export type Report = (line: string) => void;
