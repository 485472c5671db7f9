import {
  Channel,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientUnaryCall,
  connectivityState,
  Metadata,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '../../clock.ts';
import { codeOf, hasCode } from '../../errors.ts';
import { closedError, etcdError, releaseError } from '../errors.ts';
import { isAtLeast, type Release, releaseOf } from '../release.ts';
import { TrackedCredentials } from './credentials.ts';
import { Stubs } from './etcd3.ts';
import { messageParts } from './message-parts.ts';
import { type StreamRpc, statusRpc, type UnaryRpc } from './rpc.ts';
import { type EtcdStream, openStream, type ResponseReading, type StreamHandler } from './stream.ts';

export interface ConnectionOptions {
  readonly credentials: ChannelCredentials;
  readonly channel: ChannelOptions;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

/** What goes with a call besides its request. */
export interface CallContext {
  readonly token?: string | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A line to the peer: a gRPC channel with what belongs to it. Replaced as a whole when it cannot be established. */
interface Line {
  readonly channel: Channel;
  readonly credentials: TrackedCredentials;
  readonly stubs: Stubs;
}

/**
 * One connection to one member. It is made on the first use and again whenever it is used after it broke; nothing reconnects behind our
 * back, so that the caller's backoff is the only one.
 */
export class Connection {
  /** `host:port` */
  readonly member: string;
  readonly #options: ConnectionOptions;
  #line: Line | undefined;
  #greeting: Promise<void> | undefined;
  /** Of the member, where it has told it at the last greeting. */
  #release: Release | undefined;
  #closed: boolean = false;

  constructor(member: string, options: ConnectionOptions) {
    this.member = member;
    this.#options = options;
  }

  /**
   * Resolves once the member has answered on this connection. When it rejects, nothing but our greeting was ever sent: another member may
   * be asked, even for a write.
   */
  async ready(): Promise<void> {
    if (this.#closed) {
      throw closedError();
    }
    if (this.#line?.channel.getConnectivityState(false) === connectivityState.READY) {
      return;
    }
    this.#greeting ??= this.#greet().finally(() => {
      this.#greeting = undefined;
    });
    await this.#greeting;
  }

  /** One call, tried once. */
  unary<Request, Response>(
    rpc: UnaryRpc<Request, Response>,
    request: Request,
    context: CallContext,
  ): Promise<Response> {
    const { signal } = context;
    return new Promise((resolve, reject) => {
      if (this.#closed || signal?.aborted === true) {
        reject(this.#closed ? closedError() : signal?.reason);
        return;
      }
      if (!this.#mayBeAsked(rpc)) {
        reject(releaseError(this.member, nameOf(rpc)));
        return;
      }
      const abort = (): void => call.cancel();
      const settle = (answer: Buffer): void => {
        try {
          resolve(stubs.decode(rpc, answer));
        } catch (error) {
          // What says by its code what is wrong with the answer is no outage.
          const details = `its answer cannot be read: ${error}`;
          const broken = etcdError({ code: status.INTERNAL, details }, this.member, nameOf(rpc));
          reject(codeOf(error) === undefined ? broken : error);
        }
      };
      const deadline = this.#options.clock.now() + context.timeoutMs;
      const { stubs } = this.#establish();
      const call: ClientUnaryCall = stubs.unary(
        rpc,
        request,
        metadataOf(rpc, context.token),
        { deadline },
        (error, answer) => {
          signal?.removeEventListener('abort', abort);
          if (signal?.aborted === true) {
            reject(signal.reason);
          } else if (error !== null || answer === undefined) {
            reject(this.#closed ? closedError() : etcdError(error ?? {}, this.member, nameOf(rpc)));
          } else {
            settle(answer);
          }
        },
      );
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  stream<Request, Response>(
    rpc: StreamRpc<Request, Response>,
    token: string | undefined,
    handler: StreamHandler<Response>,
  ): EtcdStream<Request> {
    if (this.#closed) {
      throw closedError();
    }
    const { stubs } = this.#establish();
    const call = stubs.stream(rpc, metadataOf(rpc, token), {});
    const { responseParts } = rpc;
    const reading: ResponseReading<Response> = {
      parts: (bytes) => (responseParts === undefined ? [bytes] : messageParts(bytes, responseParts)),
      decode: (part) => stubs.decode(rpc, part),
    };
    return openStream(call, reading, handler, (error) => etcdError(error, this.member, nameOf(rpc)));
  }

  /** Ends every call and the connection itself, at once. */
  close(): void {
    this.#closed = true;
    this.#hangUp();
  }

  /** The greeting is a call that any member answers by itself; its failure carries the reason why no connection could be made. */
  async #greet(): Promise<void> {
    this.#release = undefined;
    try {
      const { version } = await this.unary(statusRpc, {}, { timeoutMs: this.#options.connectTimeoutMs });
      this.#release = releaseOf(version);
    } catch (error) {
      if (this.#line?.channel.getConnectivityState(false) !== connectivityState.READY) {
        this.#hangUp();
        throw error;
      }
      if (hasCode(error, 'ETCD_TIMEOUT')) {
        throw error;
      }
    }
  }

  #mayBeAsked({ since }: { readonly since?: Release }): boolean {
    return since === undefined || (this.#release !== undefined && isAtLeast(this.#release, since));
  }

  #establish(): Line {
    if (this.#line === undefined) {
      const credentials = new TrackedCredentials(this.#options.credentials);
      const channel = new Channel(this.member, credentials, this.#options.channel);
      this.#line = { channel, credentials, stubs: new Stubs(channel) };
    }
    return this.#line;
  }

  #hangUp(): void {
    this.#line?.channel.close();
    this.#line?.credentials.destroySockets();
    this.#line = undefined;
  }
}

function metadataOf(rpc: { readonly requireLeader: boolean }, token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (rpc.requireLeader) {
    metadata.set('hasleader', 'true');
  }
  if (token !== undefined) {
    metadata.set('token', token);
  }
  return metadata;
}

function nameOf(rpc: { readonly service: string; readonly method: string }): string {
  return `${rpc.service}.${rpc.method}`;
}
