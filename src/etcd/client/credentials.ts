import type { Socket } from 'node:net';
import { ChannelCredentials } from '@grpc/grpc-js';
import { messageOf, TerminalError } from '../../errors.ts';
import type { TlsOptions } from '../options.ts';

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/** Credentials of a channel: TLS or none. Throws a TerminalError with code ETCD_INVALID_TLS. */
export function channelCredentials(secure: boolean, tls: TlsOptions | undefined): ChannelCredentials {
  if (!secure) {
    if (tls !== undefined) {
      throw new TerminalError(
        'ETCD_INVALID_TLS',
        'TLS options are given for etcd, but its hosts are http://; write https://',
      );
    }
    return ChannelCredentials.createInsecure();
  }
  if ((tls?.cert === undefined) !== (tls?.key === undefined)) {
    throw new TerminalError(
      'ETCD_INVALID_TLS',
      'a client certificate for etcd needs its key, and a key its certificate',
    );
  }
  try {
    return ChannelCredentials.createSsl(tls?.ca, tls?.key, tls?.cert);
  } catch (error) {
    throw new TerminalError(
      'ETCD_INVALID_TLS',
      `the CA, certificate or key for etcd cannot be used: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/**
 * Credentials that remember the sockets they secure. grpc-js gives no hold on a connection whose handshake hangs, nor on a closed channel's
 * connection to a silent peer: both would stay open. With the sockets at hand their owner destroys them.
 */
export class TrackedCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;
  readonly #sockets = new Set<Socket>();
  #destroyed: boolean = false;

  constructor(inner: ChannelCredentials) {
    super();
    this.#inner = inner;
  }

  /** Destroys every connection made with these credentials, and every one that is still to come. */
  destroySockets(): void {
    this.#destroyed = true;
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  override _isSecure(): boolean {
    return this.#inner._isSecure();
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    ...args: Parameters<ChannelCredentials['_createSecureConnector']>
  ): Connector {
    const inner = this.#inner._createSecureConnector(...args);
    return {
      connect: (socket) => {
        this.#track(socket);
        return inner.connect(socket);
      },
      waitForReady: () => inner.waitForReady(),
      getCallCredentials: () => inner.getCallCredentials(),
      destroy: () => inner.destroy(),
    };
  }

  #track(socket: Socket): void {
    if (this.#destroyed) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
