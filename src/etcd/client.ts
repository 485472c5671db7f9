import type { RetryableError, TerminalError } from '../errors.ts';
import type { EtcdDeps, EtcdOptions } from './options.ts';
import type { StreamRpc, UnaryRpc } from './rpc.ts';

export type { EtcdDeps, EtcdOptions } from './options.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface StreamOptions extends CallOptions {
  /** Address of a member that is tried last. */
  readonly avoid?: string;
}

export interface StreamHandler<Response> {
  message(response: Response): void;
  /** The stream is over, for whatever reason but our own cancel. Called at most once. */
  ended(error: RetryableError | TerminalError): void;
}

export interface EtcdStream<Request> {
  /** `host:port` of the member at the other end. */
  readonly member: string;
  send(request: Request): void;
  /** Ends the stream at once; nothing is called back afterwards. */
  cancel(): void;
}

export declare class EtcdClient {
  constructor(options: EtcdOptions, deps: EtcdDeps);
  /** `host:port` of every member. */
  readonly members: readonly string[];
  read<Request, Response>(
    rpc: UnaryRpc<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response>;
  write<Request, Response>(
    rpc: UnaryRpc<Request, Response>,
    request: Request,
    options?: CallOptions,
  ): Promise<Response>;
  openStream<Request, Response>(
    rpc: StreamRpc<Request, Response>,
    handler: StreamHandler<Response>,
    options?: StreamOptions,
  ): Promise<EtcdStream<Request>>;
  close(): Promise<void>;
}
