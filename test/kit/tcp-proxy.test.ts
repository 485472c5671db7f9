import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** The proxy must show the faults that the fault tests believe in. */
describe('the TCP proxy, in front of a server that echoes', () => {
  let server: Server;
  let proxy: TcpProxy;
  const clients: Client[] = [];

  beforeEach(async () => {
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await startTcpProxy((server.address() as AddressInfo).port);
  });
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) {
      socket.destroy();
    }
    await proxy.close();
    server.close();
  });

  it('forwards both ways, and counts', async () => {
    const client = await open();
    client.socket.write('hello');

    await eventually(() => expect(client.received).toBe('hello'));
    expect([proxy.opened, proxy.open]).toEqual([1, 1]);
    expect(proxy.forwarded).toEqual({ toServer: 5, toClient: 5 });
  });

  it('resets open connections on a cut, and serves new ones', async () => {
    const client = await open();
    proxy.cut();
    await eventually(() => expect(client.error).toBe('ECONNRESET'));

    const next = await open();
    next.socket.write('again');
    await eventually(() => expect(next.received).toBe('again'));
    expect(proxy.open).toBe(1);
  });

  it('cuts after so many bytes to the client, once', async () => {
    const client = await open();
    proxy.cutAfter(8);
    client.socket.write('12345');
    await eventually(() => expect(client.received).toBe('12345'));
    client.socket.write('12345');
    await eventually(() => expect(client.error).toBe('ECONNRESET'));

    const next = await open();
    next.socket.write('x'.repeat(100));
    await eventually(() => expect(next.received).toHaveLength(100));
  });

  it.each(['toServer', 'toClient', undefined] as const)(
    'holds back what is sent %s until it heals',
    async (direction) => {
      const client = await open();
      proxy.blackhole(direction);
      client.socket.write('held');
      const late = await open();
      late.socket.write('late');

      if (direction === 'toClient') {
        await eventually(() => expect(proxy.forwarded.toServer).toBe(8));
      }
      expect([client.received, late.received, proxy.forwarded.toClient]).toEqual(['', '', 0]);
      proxy.heal();

      await eventually(() => expect([client.received, late.received]).toEqual(['held', 'late']));
    },
  );

  it('delays each chunk', async () => {
    const client = await open();
    proxy.delay(100);
    const started = performance.now();
    client.socket.write('slow');

    await eventually(() => expect(client.received).toBe('slow'));
    expect(performance.now() - started).toBeGreaterThanOrEqual(195);
  });

  it('refuses new connections and keeps open ones', async () => {
    const client = await open();
    client.socket.write('a');
    await eventually(() => expect(client.received).toBe('a'));
    proxy.refuse();
    const refused = await open();
    await eventually(() => expect(refused.socket.destroyed).toBe(true));

    client.socket.write('b');
    await eventually(() => expect(client.received).toBe('ab'));
  });

  it('closes while it holds data back', async () => {
    const client = await open();
    proxy.blackhole();
    client.socket.write('never arrives');

    await proxy.close();

    await eventually(() => expect(client.socket.destroyed).toBe(true));
    expect(proxy.open).toBe(0);
  });

  interface Client {
    readonly socket: Socket;
    received: string;
    error: string | undefined;
  }

  async function open(): Promise<Client> {
    const { opened } = proxy;
    const socket = connect({ host: '127.0.0.1', port: proxy.port });
    const client: Client = { socket, received: '', error: undefined };
    clients.push(client);
    socket.on('data', (chunk: Buffer) => {
      client.received += chunk.toString();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      client.error = error.code;
    });
    await eventually(() => expect(proxy.opened).toBeGreaterThan(opened));
    return client;
  }
});
