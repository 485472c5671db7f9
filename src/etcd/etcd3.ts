/**
 * The one door to the npm package etcd3: its gRPC clients, built from etcd's .proto files, and its wire types. Nothing else of it is used
 * (docs/adr/0002). The deep import is not public API of etcd3; its exact version is pinned and a test covers it.
 */
import type { ChannelCredentials, ChannelOptions, Client } from '@grpc/grpc-js';
import { Host } from 'etcd3/lib/connection-pool.js';

export type {
  IAuthenticateRequest as AuthenticateRequest,
  IAuthenticateResponse as AuthenticateResponse,
  IDeleteRangeRequest as DeleteRangeRequest,
  IDeleteRangeResponse as DeleteRangeResponse,
  IEvent as WireEvent,
  IKeyValue as WireKeyValue,
  IPutRequest as PutRequest,
  IPutResponse as PutResponse,
  IRangeRequest as RangeRequest,
  IRangeResponse as RangeResponse,
  IResponseHeader as WireHeader,
  IStatusRequest as StatusRequest,
  IStatusResponse as StatusResponse,
  ITxnRequest as TxnRequest,
  ITxnResponse as TxnResponse,
  IWatchRequest as WatchRequest,
  IWatchResponse as WatchResponse,
} from 'etcd3/lib/rpc.js';

/** etcd's gRPC services, by the names in its .proto file. */
export type ServiceName = 'KV' | 'Watch' | 'Lease' | 'Auth' | 'Maintenance';

/** The gRPC client of one service of one member, with a channel of its own; it connects on its first call. The caller closes it. */
export function serviceClient(
  service: ServiceName,
  address: string,
  credentials: ChannelCredentials,
  options: ChannelOptions,
): Client {
  return new Host(address, credentials, options).getServiceClient(service);
}
