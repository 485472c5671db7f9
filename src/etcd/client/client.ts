import type { ChannelOptions } from '@grpc/grpc-js';
import { untilAborted } from '../../abort.ts';
import { backoffMs } from '../../backoff.ts';
import { sleep } from '../../clock.ts';
import { hasCode } from '../../errors.ts';
import { closedError, mayWorkElsewhere } from '../errors.ts';
import type { EtcdDeps, EtcdOptions } from '../options.ts';
import { parseHosts } from './address.ts';
import { TokenKeeper } from './auth.ts';
import type { Connection } from './connection.ts';
import { channelCredentials } from './credentials.ts';
import type { ServiceName } from './etcd3.ts';
import { Member } from './member.ts';
import { authenticateRpc, type StreamRpc, type UnaryRpc } from './rpc.ts';
import type { EtcdStream, StreamHandler } from './stream.ts';

export type { EtcdDeps, EtcdOptions } from '../options.ts';
export type { EtcdStream, StreamHandler } from './stream.ts';

export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface StreamOptions extends CallOptions {
  /** Address of a member that is tried last. */
  readonly avoid?: string | undefined;
  /** Address of the only member that is tried. */
  readonly only?: string | undefined;
}

/** A stream with what is known of its other end. */
export interface MemberStream<Request> extends EtcdStream<Request> {
  /** `host:port` of the member at the other end. */
  readonly member: string;
  /** Whether the token that the stream was opened with has been replaced since. */
  tokenReplaced(): boolean;
  /** Tells that etcd refused the stream's token: the next stream gets a new one. */
  tokenRefused(): void;
  /** Tells that this member answers while others do not: whatever follows asks it first. */
  prefer(): void;
}

/** What a mirror asks of a client: calls that change nothing, and streams. */
export interface ReadingClient extends Pick<EtcdClient, 'read' | 'openStream'> {
  /** Calls back whenever the client goes on over other connections, where it can. */
  onRenewed?(listener: () => void): void;
}

/** All that can be asked of a client; a lease, an election and a registrar need it. */
export interface EtcdCalls extends ReadingClient, Pick<EtcdClient, 'members' | 'write'> {}

const readBackoff = { baseMs: 50, maxMs: 1_000, jitter: 0.5 };

/**
 * Speaks to an etcd cluster over connections of its own to each member. Reads go to another member where one fails; a write goes out once. Every
 * rejection is a RetryableError or TerminalError with a code (errors.ts), or the reason of an aborted signal.
 */
export class EtcdClient {
  /** `host:port` of every member. */
  readonly members: readonly string[];
  readonly #members: readonly Member[];
  readonly #callTimeoutMs: number;
  readonly #deps: EtcdDeps;
  readonly #random: () => number;
  readonly #tokens: TokenKeeper | undefined;
  /** Index of the member that is asked first: the one that last answered. */
  #preferred: number;
  #closed: boolean = false;

  /** Connects on first use. Throws a TerminalError where the options cannot be right. */
  constructor(options: EtcdOptions, deps: EtcdDeps) {
    const addresses = parseHosts(options.hosts);
    const connectionOptions = {
      credentials: channelCredentials(addresses.secure, options.tls),
      channel: channelOptions(options),
      connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
      clock: deps.clock,
    };
    this.members = addresses.members;
    this.#members = addresses.members.map((address) => new Member(address, connectionOptions));
    this.#callTimeoutMs = options.callTimeoutMs ?? 10_000;
    this.#deps = deps;
    this.#random = deps.random ?? Math.random;
    this.#preferred = Math.floor(this.#random() * this.#members.length);
    const { user } = options;
    if (user !== undefined) {
      this.#tokens = new TokenKeeper(() => this.#authenticate(user), deps);
    }
  }

  /** A call that changes nothing: tried on every member, and on the first once more, before it fails. */
  async read<Request, Response>(
    rpc: UnaryRpc<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const { signal } = options;
    const answer = this.#tryMembers(
      (member) => this.#callWithToken(member.connection(rpc.service), rpc, request, signal),
      { signal },
    );
    return await untilAborted(answer, signal);
  }

  /**
   * A call that changes something: sent at most once. It goes to another member only where no connection could be made; after an error whose
   * code is not about the request, it may have been carried out or not, and the caller reads back what became of it.
   */
  async write<Request, Response>(
    rpc: UnaryRpc<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const connection = await untilAborted(this.#connect(rpc, options), options.signal);
    return await this.#callWithToken(connection, rpc, request, options.signal);
  }

  /** Opens a stream on the first member that takes a connection. */
  async openStream<Request, Response>(
    rpc: StreamRpc<Request, Response>,
    handler: StreamHandler<Response>,
    options: StreamOptions = {},
  ): Promise<MemberStream<Request>> {
    const { signal } = options;
    const connection = await untilAborted(this.#connect(rpc, options), signal);
    const token = await untilAborted(Promise.resolve(this.#tokens?.token()), signal);
    const stream = connection.stream(rpc, token, handler);
    return {
      ...stream,
      member: connection.member,
      tokenReplaced: () => this.#tokens !== undefined && !this.#tokens.isCurrent(token),
      tokenRefused: () => this.#tokens?.refused(token),
      prefer: () => {
        this.#preferred = this.members.indexOf(connection.member);
      },
    };
  }

  /** Ends every call, stream and connection. Calls from now on reject with ETCD_CLIENT_CLOSED. */
  close(): Promise<void> {
    this.#closed = true;
    for (const member of this.#members) {
      member.close();
    }
    return Promise.resolve();
  }

  async #callWithToken<Request, Response>(
    connection: Connection,
    rpc: UnaryRpc<Request, Response>,
    request: Request,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const call = async (token: string | undefined): Promise<Response> => {
      await connection.ready();
      return await connection.unary(rpc, request, { token, timeoutMs: this.#callTimeoutMs, signal });
    };
    const tokens = this.#tokens;
    if (tokens === undefined) {
      return await call(undefined);
    }
    const token = await tokens.token();
    try {
      return await call(token);
    } catch (error) {
      if (!hasCode(error, 'ETCD_TOKEN_REFUSED')) {
        throw error;
      }
      // A refused token means that nothing was carried out, so that this holds for writes too.
      tokens.refused(token);
      return await call(await tokens.token());
    }
  }

  async #authenticate(user: { readonly name: string; readonly password: string }): Promise<string> {
    const { token } = await this.#tryMembers(async (member) => {
      const connection = member.connection(authenticateRpc.service);
      await connection.ready();
      return await connection.unary(authenticateRpc, user, { timeoutMs: this.#callTimeoutMs });
    });
    return token;
  }

  /** A connection that stands, to the first member that takes one. Nothing has been sent on it when this rejects. */
  async #connect(rpc: { readonly service: ServiceName }, options: StreamOptions): Promise<Connection> {
    return await this.#tryMembers(async (member) => {
      const connection = member.connection(rpc.service);
      await connection.ready();
      return connection;
    }, options);
  }

  /**
   * Tries one member after the other while others may help, the preferred one first, and once more at last: a connection that has just broken
   * is often back at once. After silence there is no point in that.
   */
  async #tryMembers<T>(
    attempt: (member: Member) => Promise<T>,
    { signal, ...choice }: StreamOptions = {},
  ): Promise<T> {
    const order = this.#order(choice);
    let lastError: unknown;
    for (const [index, member] of [...order, ...order.slice(0, 1)].entries()) {
      if (index === order.length) {
        if (hasCode(lastError, 'ETCD_TIMEOUT')) {
          break;
        }
        await sleep(this.#deps.clock, backoffMs(0, { ...readBackoff, random: this.#random }), signal);
      }
      this.#assertOpen(signal);
      try {
        const result = await attempt(member);
        if (choice.only === undefined) {
          this.#preferred = this.#members.indexOf(member);
        }
        return result;
      } catch (error) {
        if (!mayWorkElsewhere(error)) {
          throw error;
        }
        lastError = error;
      }
    }
    throw lastError;
  }

  #order({ avoid, only }: StreamOptions): readonly Member[] {
    if (only !== undefined) {
      return this.#members.filter(({ address }) => address === only);
    }
    const rotated = [...this.#members.slice(this.#preferred), ...this.#members.slice(0, this.#preferred)];
    return rotated.toSorted((a, b) => Number(a.address === avoid) - Number(b.address === avoid));
  }

  #assertOpen(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#closed) {
      throw closedError();
    }
  }
}

/** Nothing of grpc-js acts on its own here: no retries, no service config, no proxy from the environment, no shared connections. */
function channelOptions(options: EtcdOptions): ChannelOptions {
  const serverName = options.tls?.serverName;
  return {
    'grpc.max_receive_message_length': options.maxMessageBytes ?? 256 * 1024 * 1024,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': options.keepaliveTimeMs ?? 10_000,
    'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs ?? 3_000,
    // etcd answers pings on a connection without calls by closing it (embed/config.go, GRPCKeepAliveMinTime).
    'grpc.keepalive_permit_without_calls': 0,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
    // Lists and catching up would wait a round trip for each 64 KiB otherwise.
    'grpc-node.flow_control_window': 4 * 1024 * 1024,
    ...(serverName === undefined
      ? {}
      : { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName }),
  };
}
