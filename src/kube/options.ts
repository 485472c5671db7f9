/** How the Kubernetes side is set up, and what it is handed. The defaults stand here once. */
import type { Clock } from '../clock.ts';
import type { WriteGate } from './exchange.ts';
import type { ServiceAccount } from './service-account.ts';

/** Which apiserver, and as whom. */
export interface KubeSource {
  /** Path of a kubeconfig. Absent: `KUBECONFIG`, `~/.kube/config`, then the Pod's service account, as kubectl does. */
  readonly kubeconfig?: string;
  /** Context of the kubeconfig instead of its current one. */
  readonly context?: string;
  /** Use the service account of the Pod that we run in, and no kubeconfig. */
  readonly serviceAccount?: ServiceAccount;
}

export interface KubeClientOptions extends KubeSource {
  /** Sent as User-Agent, asked for when each request leaves: `etcd-endpoints/<version> (<replica>)`, later with the term. */
  readonly userAgent: () => string;
  /** Asked before each write leaves. Absent: everything may leave. */
  readonly writeGate?: WriteGate;
  /** Connections for calls; more calls than that wait for one. Watches have connections of their own. Default 64. */
  readonly maxConnections?: number;
  /** Deadline of one call in milliseconds, from when it leaves. Default 10 000. */
  readonly callTimeoutMs?: number;
  /** Deadline of one page of a list in milliseconds. Default 60 000. */
  readonly listTimeoutMs?: number;
  /** A watch without any data for so long, bookmarks included, is replaced. Milliseconds, default 90 000. */
  readonly watchIdleMs?: number;
  /** Objects in one page of a list, at the most: pages of large objects have fewer. Default 500. */
  readonly pageSize?: number;
  /** The least time between two looks at CA, certificate, key and token files. Milliseconds, default 5000. */
  readonly rereadFilesMs?: number;
}

/** A log of one line a decision; pino's loggers fit. */
export interface KubeLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** One request to the apiserver that has ended, for metrics. */
export interface CallReport {
  readonly verb: Verb;
  /** Plural of the resource. */
  readonly resource: string;
  /** HTTP status; 0 where none was received. */
  readonly status: number;
  readonly durationMs: number;
  /** What the answer's Date header says, in milliseconds since the epoch, to the second; undefined without one. */
  readonly serverTimeMs?: number;
}

/** Verbs as RBAC names them. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

export interface KubeDeps {
  readonly clock: Clock;
  readonly log: KubeLog;
  /** 0 to 1, for jitter. Default Math.random. */
  readonly random?: () => number;
  /** A warning of the apiserver (`Warning: 299`), each time it comes; `first` is true once for each text. */
  readonly onWarning?: (warning: { readonly text: string; readonly first: boolean }) => void;
  readonly onCall?: (call: CallReport) => void;
}
