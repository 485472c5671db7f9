/**
 * The one door to the npm package etcd3: gRPC stubs made from etcd's .proto files, and the wire types. Nothing else of it is used
 * (docs/adr/0002). The deep import is not public API of etcd3; its exact version is pinned and a test covers it.
 */
import {
  type CallOptions,
  type Channel,
  type ClientDuplexStream,
  type ClientUnaryCall,
  credentials,
  type Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { Host } from 'etcd3/lib/connection-pool.js';
import type { StreamRpc, UnaryRpc } from './rpc.ts';

export type {
  IAuthenticateRequest as AuthenticateRequest,
  IAuthenticateResponse as AuthenticateResponse,
  IEvent as WireEvent,
  IKeyValue as WireKeyValue,
  ILeaseGrantRequest as LeaseGrantRequest,
  ILeaseGrantResponse as LeaseGrantResponse,
  ILeaseKeepAliveRequest as LeaseKeepAliveRequest,
  ILeaseKeepAliveResponse as LeaseKeepAliveResponse,
  ILeaseRevokeRequest as LeaseRevokeRequest,
  ILeaseRevokeResponse as LeaseRevokeResponse,
  ILeaseTimeToLiveRequest as LeaseTimeToLiveRequest,
  ILeaseTimeToLiveResponse as LeaseTimeToLiveResponse,
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

/** A stub's methods, which grpc-js makes at run time from the .proto file. */
type UnaryMethod = (
  request: unknown,
  metadata: Metadata,
  options: CallOptions,
  callback: (error: ServiceError | null, response: unknown) => void,
) => ClientUnaryCall;
type StreamMethod = (metadata: Metadata, options: CallOptions) => ClientDuplexStream<unknown, unknown>;

/** The stubs of etcd's services over one channel. It owns nothing: the channel's owner closes the channel. */
export class Stubs {
  readonly #host: Host;

  constructor(channel: Channel) {
    // With a channel given, grpc-js uses neither the address nor the credentials.
    this.#host = new Host('', credentials.createInsecure(), { channelOverride: channel });
  }

  unary<Request, Response>(
    rpc: UnaryRpc<Request, Response>,
    request: Request,
    metadata: Metadata,
    options: CallOptions,
    callback: (error: ServiceError | null, response: Response | undefined) => void,
  ): ClientUnaryCall {
    const method = this.#method(rpc) as UnaryMethod;
    return method(request, metadata, options, (error, response) =>
      callback(error, response as Response | undefined),
    );
  }

  stream<Request, Response>(
    rpc: StreamRpc<Request, Response>,
    metadata: Metadata,
    options: CallOptions,
  ): ClientDuplexStream<Request, Response> {
    const method = this.#method(rpc) as StreamMethod;
    return method(metadata, options) as ClientDuplexStream<Request, Response>;
  }

  #method(rpc: { readonly service: ServiceName; readonly method: string }): unknown {
    const client = this.#host.getServiceClient(rpc.service);
    return (client as unknown as Record<string, (...args: unknown[]) => unknown>)[rpc.method]?.bind(client);
  }
}
