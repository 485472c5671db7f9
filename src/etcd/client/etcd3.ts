/**
 * The one door to the npm package etcd3: gRPC stubs made from etcd's .proto files, and the wire types. Nothing else of it is used
 * (docs/adr/0002). The deep import is not public API of etcd3; its exact version is pinned and a test covers it.
 */
import {
  type CallOptions,
  type Channel,
  type Client,
  type ClientDuplexStream,
  type ClientUnaryCall,
  credentials,
  type Metadata,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { Host } from 'etcd3/lib/connection-pool.js';
import type { Rpc, StreamRpc, UnaryRpc } from './rpc.ts';

export type {
  IAuthenticateRequest as AuthenticateRequest,
  IAuthenticateResponse as AuthenticateResponse,
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
  IStatusRequest as StatusRequest,
  IStatusResponse as StatusResponse,
  ITxnRequest as TxnRequest,
  IWatchRequest as WatchRequest,
} from 'etcd3/lib/rpc.js';

/** etcd's gRPC services, by the names in its .proto file. */
export type ServiceName = 'KV' | 'Watch' | 'Lease' | 'Auth' | 'Maintenance';

interface RpcName {
  readonly service: ServiceName;
  readonly method: string;
}

/** What grpc-js knows of a service, at the class of its stubs. */
interface StubClass {
  readonly service: Readonly<Record<string, MethodDefinition<unknown, unknown>>>;
}

/** Responses come as bytes: many are not read by etcd3's decoder, and long ones are not read in one go. */
const asItIs = (bytes: Buffer): Buffer => bytes;

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
    callback: (error: ServiceError | null, answer: Buffer | undefined) => void,
  ): ClientUnaryCall {
    const { path, requestSerialize } = this.#definition(rpc);
    return this.#client(rpc).makeUnaryRequest<Request, Buffer>(
      path,
      requestSerialize,
      asItIs,
      request,
      metadata,
      options,
      callback,
    );
  }

  stream<Request, Response>(
    rpc: StreamRpc<Request, Response>,
    metadata: Metadata,
    options: CallOptions,
  ): ClientDuplexStream<Request, Buffer> {
    const { path, requestSerialize } = this.#definition(rpc);
    return this.#client(rpc).makeBidiStreamRequest<Request, Buffer>(
      path,
      requestSerialize,
      asItIs,
      metadata,
      options,
    );
  }

  /** A response, read as its call wants it, else by etcd3's decoder. Throws where the bytes are none. */
  decode<Request, Response>(rpc: Rpc<Request, Response>, bytes: Buffer): Response {
    return rpc.decode === undefined
      ? (this.#definition(rpc).responseDeserialize(bytes) as Response)
      : rpc.decode(bytes);
  }

  #definition(rpc: RpcName): MethodDefinition<unknown, unknown> {
    const { service } = this.#client(rpc).constructor as unknown as StubClass;
    const definition = service[rpc.method];
    if (definition === undefined) {
      throw new Error(`etcd3 has no ${rpc.service}.${rpc.method}`);
    }
    return definition;
  }

  #client({ service }: RpcName): Client {
    return this.#host.getServiceClient(service) as unknown as Client;
  }
}
