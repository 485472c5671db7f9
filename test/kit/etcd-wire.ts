import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/**
 * etcd's wire protocol for the test kit, from the proto files that the package etcd3 ships: test servers and the oracle speak it without a line
 * of src/etcd, so that they cannot share its mistakes. int64 travels as decimal text.
 */
export interface WireHeader {
  readonly cluster_id: string;
  readonly member_id: string;
  readonly revision: string;
  readonly raft_term: string;
}

export interface WireKeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly version: string;
  readonly lease: string;
}

export interface WireEvent {
  readonly type: 'Put' | 'Delete';
  readonly kv: WireKeyValue;
}

export interface WireRangeRequest {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly limit: string;
  readonly revision: string;
  readonly keys_only: boolean;
  readonly count_only: boolean;
  readonly serializable: boolean;
}

export interface WireRangeResponse {
  readonly header: WireHeader;
  readonly kvs: readonly WireKeyValue[];
  readonly more: boolean;
  readonly count: string;
}

export interface WireWatchCreate {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly start_revision: string;
  readonly progress_notify: boolean;
  readonly prev_kv: boolean;
  readonly watch_id: string;
  readonly fragment: boolean;
}

export interface WireWatchRequest {
  readonly request_union?: 'create_request' | 'cancel_request' | 'progress_request';
  readonly create_request?: WireWatchCreate;
  readonly cancel_request?: { readonly watch_id: string };
}

export interface WireWatchResponse {
  readonly header: WireHeader;
  readonly watch_id: string;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compact_revision: string;
  readonly cancel_reason: string;
  readonly fragment: boolean;
  readonly events: readonly WireEvent[];
}

const protoFile = join(
  dirname(createRequire(import.meta.url).resolve('etcd3/package.json')),
  'proto',
  'rpc.proto',
);

const loaded = loadPackageDefinition(
  loadSync(protoFile, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true }),
);

/** The gRPC service of etcd of that name, as a client class with the server's `service` definition. */
export function etcdService(
  name: 'KV' | 'Watch' | 'Lease' | 'Auth' | 'Maintenance',
): ServiceClientConstructor {
  return (loaded['etcdserverpb'] as GrpcObject)[name] as ServiceClientConstructor;
}
