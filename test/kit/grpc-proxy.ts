import { type Child, startChild } from '../../dev/control-plane/child.ts';
import { freePort } from '../../dev/control-plane/free-port.ts';
import { servers } from './control-plane.ts';

/** etcd's own gRPC proxy in front of a cluster. */
export interface GrpcProxy {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  readonly process: Child;
}

/** Starts a proxy in front of these members; who starts it stops it. */
export async function startGrpcProxy(endpoints: readonly string[]): Promise<GrpcProxy> {
  const address = `127.0.0.1:${await freePort()}`;
  const process = await startChild(servers().binaries.etcd, [
    'grpc-proxy',
    'start',
    `--endpoints=${endpoints.join(',')}`,
    `--listen-addr=${address}`,
    // It connects to itself by this address, and gives up after some seconds where it cannot.
    `--advertise-client-url=${address}`,
  ]);
  return { address, process };
}
