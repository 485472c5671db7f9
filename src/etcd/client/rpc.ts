import type { Release } from '../release.ts';
import { type RangeAnswer, rangeAnswerOf, rangesOfTxn } from './answers.ts';
import type {
  AuthenticateRequest,
  AuthenticateResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  ServiceName,
  StatusRequest,
  StatusResponse,
  TxnRequest,
  WatchRequest,
} from './etcd3.ts';
import { type PartFields, watchResponseParts } from './message-parts.ts';
import { type WatchAnswer, watchAnswerOf } from './watch-answer.ts';

/** A remote procedure of etcd: where it lives and what it takes and gives. */
export interface Rpc<Request, Response> {
  readonly service: ServiceName;
  /** The method as etcd's .proto file names it. */
  readonly method: string;
  /** Whether a member without a leader must refuse it (metadata `hasleader`) rather than wait or answer from its own store. */
  readonly requireLeader: boolean;
  /** How a response is read; absent where etcd3's decoder does. Throws where the bytes are none. */
  readonly decode?: (response: Buffer) => Response;
  /** Carry the types only; never set. */
  readonly __request?: Request;
  readonly __response?: Response;
}

/** One request, one response. */
export interface UnaryRpc<Request, Response> extends Rpc<Request, Response> {
  readonly kind: 'unary';
  /** The first release that may be asked so; a member whose release is not known may not. */
  readonly since?: Release;
}

/** Requests and responses flow for as long as both sides keep the stream. */
export interface StreamRpc<Request, Response> extends Rpc<Request, Response> {
  readonly kind: 'stream';
  /** Absent where no response is long. */
  readonly responseParts?: PartFields;
}

export const rangeRpc: UnaryRpc<RangeRequest, RangeAnswer> = {
  ...unary('KV', 'Range', true),
  decode: rangeAnswerOf,
};
export const putRpc: UnaryRpc<PutRequest, PutResponse> = unary('KV', 'Put', true);
/** Of its answer only what it has read is told. */
export const txnRpc: UnaryRpc<TxnRequest, readonly RangeAnswer[]> = {
  ...unary('KV', 'Txn', true),
  decode: rangesOfTxn,
};
/** A transaction of reads alone. Earlier members can end over one whose caller goes away (etcd-io/etcd 14110 and 14891). */
export const readsRpc: UnaryRpc<TxnRequest, readonly RangeAnswer[]> = { ...txnRpc, since: [3, 5, 7] };
export const leaseGrantRpc: UnaryRpc<LeaseGrantRequest, LeaseGrantResponse> = unary(
  'Lease',
  'LeaseGrant',
  true,
);
export const leaseRevokeRpc: UnaryRpc<LeaseRevokeRequest, LeaseRevokeResponse> = unary(
  'Lease',
  'LeaseRevoke',
  true,
);
export const leaseTimeToLiveRpc: UnaryRpc<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse> = unary(
  'Lease',
  'LeaseTimeToLive',
  true,
);
export const leaseKeepAliveRpc: StreamRpc<LeaseKeepAliveRequest, LeaseKeepAliveResponse> = stream(
  'Lease',
  'LeaseKeepAlive',
  true,
);
export const authenticateRpc: UnaryRpc<AuthenticateRequest, AuthenticateResponse> = unary(
  'Auth',
  'Authenticate',
  true,
);
export const statusRpc: UnaryRpc<StatusRequest, StatusResponse> = unary('Maintenance', 'Status', false);
export const watchRpc: StreamRpc<WatchRequest, WatchAnswer> = {
  ...stream('Watch', 'Watch', true),
  decode: watchAnswerOf,
  responseParts: watchResponseParts,
};

function unary<Request, Response>(
  service: ServiceName,
  method: string,
  requireLeader: boolean,
): UnaryRpc<Request, Response> {
  return { kind: 'unary', service, method, requireLeader };
}

function stream<Request, Response>(
  service: ServiceName,
  method: string,
  requireLeader: boolean,
): StreamRpc<Request, Response> {
  return { kind: 'stream', service, method, requireLeader };
}
