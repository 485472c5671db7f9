import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { marginMs } from '../../test/kit/eventually.ts';
import { measured } from '../../test/kit/measured.ts';
import { systemClock } from '../clock.ts';
import { startHealthServer } from './health.ts';
import type { HttpServer } from './http-server.ts';

/** As large as the metrics of a large cluster. */
const page = 'etcd_endpoints_of_a_large_cluster 1\n'.repeat(5_000);

/** As many as the port has to stand; a tenth of it where no run of the fault suite asks for more. */
const connections = process.env['FAULTS_CASES'] === undefined ? 1_000 : 10_000;

let server: HttpServer | undefined;
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) {
    socket.destroy();
  }
  await server?.close();
});

async function start(): Promise<HttpServer> {
  server = await startHealthServer({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    healthy: {},
    ready: {},
    metrics: async () => ({ contentType: 'text/plain', body: page }),
  });
  return server;
}

/** What a probe is answered by, as the kubelet sends it: over a connection of its own, with 1 s of patience and what a busy machine may take. */
function probe({ address }: HttpServer): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(
      { ...address, path: '/healthz', agent: false, timeout: 1_000 + marginMs },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    call.on('timeout', () => call.destroy(new Error('not answered in time')));
    call.on('error', reject);
    call.end();
  });
}

function open({ address }: HttpServer): Socket {
  const socket = connect(address.port, address.host);
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
  return socket;
}

describe('the port of metrics and probes', () => {
  it.each([
    ['say nothing', ''],
    ['begin a request and never end it', 'GET /healthz HTTP/1.1\r\nX-Slow: '],
    ['ask for the metrics and never read them', 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])(
    `answers every probe while ${connections} connections come that %s`,
    async (_, said) => {
      const hostile = await start();
      const before = process.memoryUsage().rss;
      let probes = 0;
      for (let count = 0; count < connections; count += 50) {
        const some = Array.from({ length: 50 }, () => open(hostile).pause());
        for (const socket of some) {
          socket.write(said);
        }
        expect(await probe(hostile)).toBe(200);
        probes += 1;
        await Promise.all(
          some.map((socket) => socket.closed || !socket.connecting || once(socket, 'connect')),
        );
      }
      measured('connections', connections);
      measured('probes answered meanwhile', probes);
      measured('memory taken', (process.memoryUsage().rss - before) / 2 ** 20, {
        unit: 'MiB',
        most: 256,
      });
    },
    300_000,
  );

  it('is as it was after requests that are none', async () => {
    const hostile = await start();
    for (const bytes of malformed) {
      const socket = open(hostile);
      socket.resume();
      socket.end(bytes);
      await expect(probe(hostile), JSON.stringify(bytes.slice(0, 60))).resolves.toBe(200);
    }
  });
});

const malformed = [
  '\0\0\0\0',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'GET\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  'GET /metrics\r\n',
  'GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET //// HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n',
  'POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'CONNECT example.test:443 HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET /healthz HTTP/1.1\r\n${'X: y\r\n'.repeat(10_000)}\r\n`,
  `GET /healthz HTTP/1.1\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`,
  'GET /healthz HTTP/1.1\r\nX y\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nX: a\0b\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5_000),
];
