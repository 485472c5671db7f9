import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Which way bytes travel: from our client to the server, or from the server to our client. */
export type Direction = 'toServer' | 'toClient';

/** A TCP proxy in front of a real server, which breaks its connections in the ways a network does. */
export interface TcpProxy {
  readonly port: number;
  /** `127.0.0.1:<port>`, as a client takes it. */
  readonly address: string;
  /** Connections accepted since the start. */
  readonly opened: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Bytes forwarded since the start. */
  readonly forwarded: Readonly<Record<Direction, number>>;
  /** Resets every open connection; new ones are served. */
  cut(): void;
  /** Resets every open connection, once, as soon as so many more bytes have been forwarded to clients. */
  cutAfter(bytes: number): void;
  /**
   * From now on nothing is forwarded in this direction (in both without one) and no connection is ended, as when packets are lost: new
   * ones are accepted and hang. What was held back arrives after `heal`, as TCP would repeat it.
   */
  blackhole(direction?: Direction): void;
  /** From now on each chunk that is read (at most 64 KiB) takes so long to arrive; the next waits for it. */
  delay(milliseconds: number): void;
  /** From now on new connections are reset at once; open ones stay. */
  refuse(): void;
  /** From now on new connections go to this port of 127.0.0.1; open ones stay. */
  redirect(port: number): void;
  /** Ends every fault: blackhole, delay, refusal, a pending `cutAfter`. */
  heal(): void;
  /** Resets every connection and stops listening. */
  close(): Promise<void>;
}

interface Faults {
  /** Settled by `heal`; a chunk of that direction waits for it. */
  readonly held: Partial<Record<Direction, PromiseWithResolvers<void>>>;
  delayMs: number;
  refusing: boolean;
  bytesUntilCut: number;
}

function noFaults(): Faults {
  return { held: {}, delayMs: 0, refusing: false, bytesUntilCut: Number.POSITIVE_INFINITY };
}

/** Starts a proxy on a free port of 127.0.0.1, in front of that port of 127.0.0.1. */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  let target = port;
  let faults = noFaults();
  let opened = 0;
  const forwarded = { toServer: 0, toClient: 0 };
  const sockets = new Map<Socket, Socket>();
  const closing = new AbortController();

  const cut = (): void => {
    for (const [client, upstream] of sockets) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  };

  const heal = (): void => {
    const { held } = faults;
    faults = noFaults();
    held.toServer?.resolve();
    held.toClient?.resolve();
  };

  const forward = async (from: Socket, to: Socket, direction: Direction): Promise<void> => {
    // A loop that reads one chunk after the other: what waits here holds the sender back, nothing piles up.
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      if (faults.delayMs > 0) {
        await pause(faults.delayMs, undefined, { signal: closing.signal });
      }
      await faults.held[direction]?.promise;
      if (!to.write(chunk)) {
        await once(to, 'drain');
      }
      count(direction, (chunk as Buffer).length);
    }
    to.end();
  };

  const count = (direction: Direction, bytes: number): void => {
    forwarded[direction] += bytes;
    if (direction === 'toClient') {
      faults.bytesUntilCut -= bytes;
    }
    if (faults.bytesUntilCut <= 0) {
      faults.bytesUntilCut = Number.POSITIVE_INFINITY;
      cut();
    }
  };

  const join = (client: Socket): void => {
    const upstream = connect({ host: '127.0.0.1', port: target });
    sockets.set(client, upstream);
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      sockets.delete(client);
    };
    for (const socket of [client, upstream]) {
      socket.on('error', end);
      socket.on('close', end);
    }
    forward(client, upstream, 'toServer').catch(end);
    forward(upstream, client, 'toClient').catch(end);
  };

  const server = createServer((client) => {
    opened += 1;
    if (faults.refusing) {
      client.on('error', () => {});
      client.resetAndDestroy();
    } else {
      join(client);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const listening = (server.address() as AddressInfo).port;

  return {
    port: listening,
    address: `127.0.0.1:${listening}`,
    get opened() {
      return opened;
    },
    get open() {
      return sockets.size;
    },
    forwarded,
    cut,
    cutAfter: (bytes) => {
      faults.bytesUntilCut = bytes;
    },
    blackhole: (direction) => {
      for (const one of direction === undefined ? (['toServer', 'toClient'] as const) : [direction]) {
        faults.held[one] ??= Promise.withResolvers<void>();
      }
    },
    delay: (milliseconds) => {
      faults.delayMs = milliseconds;
    },
    refuse: () => {
      faults.refusing = true;
    },
    redirect: (to) => {
      target = to;
    },
    heal,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      closing.abort();
      cut();
      heal();
      await closed;
    },
  };
}
