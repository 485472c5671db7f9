import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { systemClock } from '../clock.ts';
import { type HealthOptions, startHealthServer } from './health.ts';
import type { HttpServer } from './http-server.ts';

const servers: HttpServer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) {
    socket.destroy();
  }
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: Partial<HealthOptions> = {}): Promise<HttpServer> {
  const server = await startHealthServer({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    healthy: {},
    ready: {},
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
    ...options,
  });
  servers.push(server);
  return server;
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

function ask(server: HttpServer, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...server.address, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        body += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, body, headers: response.headers }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

function open(server: HttpServer): Socket {
  const socket = connect(server.address.port, server.address.host);
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

describe('the probes', () => {
  it('answer ok when every check is well', async () => {
    const server = await start({ ready: { caches: () => undefined } });
    expect(await ask(server, '/readyz')).toMatchObject({ status: 200, body: '[+]caches ok\nok\n' });
    expect(await ask(server, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
  });

  it('answer 503 and say why when a check fails or throws', async () => {
    const ready = {
      caches: () => 'services are not listed yet',
      other: () => {
        throw new Error('broken');
      },
    };
    const { status, body } = await ask(await start({ ready }), '/readyz?verbose');
    expect(status).toBe(503);
    expect(body).toBe('[-]caches failed: services are not listed yet\n[-]other failed: broken\nfailed\n');
  });

  it('follow their checks', async () => {
    let isSynced = false;
    const server = await start({ ready: { caches: () => (isSynced ? undefined : 'not yet') } });
    expect((await ask(server, '/readyz')).status).toBe(503);
    isSynced = true;
    expect((await ask(server, '/readyz')).status).toBe(200);
  });
});

describe('the metrics page', () => {
  it('is what the metrics expose, with their type', async () => {
    const { status, body, headers } = await ask(await start(), '/metrics');
    expect({ status, body, type: headers['content-type'] }).toEqual({
      status: 200,
      body: 'up 1\n',
      type: 'text/plain; version=0.0.4',
    });
  });

  it('is 500 with a reason when they cannot be computed, and the next is answered', async () => {
    let isBroken = true;
    const server = await start({
      metrics: async () => {
        if (isBroken) {
          throw new Error('broken');
        }
        return { contentType: 'text/plain', body: 'up 1\n' };
      },
    });
    expect(await ask(server, '/metrics')).toMatchObject({
      status: 500,
      body: 'Metrics cannot be computed: broken\n',
    });
    isBroken = false;
    expect((await ask(server, '/metrics')).status).toBe(200);
  });
});

describe('the HTTP server', () => {
  it('answers HEAD without a body, other methods with 405 and other paths with 404', async () => {
    const server = await start();
    expect(await ask(server, '/metrics', 'HEAD')).toMatchObject({ status: 200, body: '' });
    expect(await ask(server, '/metrics', 'POST')).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    });
    expect((await ask(server, '/')).status).toBe(404);
  });

  it('cuts off who sends headers too slowly, while probes are answered', async () => {
    const server = await start();
    const slow = open(server);
    await once(slow, 'connect');
    slow.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
    const since = performance.now();
    const closed = once(slow.resume(), 'close');
    expect((await ask(server, '/healthz')).status).toBe(200);
    await closed;
    expect(performance.now() - since).toBeLessThan(9000);
  }, 15_000);

  it('takes no more than 256 connections at once, and ends the oldest for a new one', async () => {
    const server = await start();
    const many: Socket[] = [];
    for (let count = 0; count < 300; count += 1) {
      const socket = open(server);
      many.push(socket);
      await once(socket, 'connect');
    }
    await eventually(() => expect(many.filter((socket) => socket.closed)).toHaveLength(44));
    expect(many.slice(0, 44).every((socket) => socket.closed)).toBe(true);
    expect((await ask(server, '/healthz')).status).toBe(200);
  });

  it('survives what is no HTTP', async () => {
    const server = await start();
    const socket = open(server);
    await once(socket, 'connect');
    socket.write('\x16\x03\x01 not http\r\n\r\n');
    await once(socket.resume(), 'close');
    expect((await ask(server, '/healthz')).status).toBe(200);
  });

  it('says which flag to change when its port is taken', async () => {
    const { address } = await start();
    await expect(start({ port: address.port })).rejects.toMatchObject({
      code: 'HTTP_ADDRESS_UNAVAILABLE',
      message: expect.stringMatching(/^Cannot listen on --http-address 127\.0\.0\.1:\d+: listen EADDRINUSE/),
    });
  });

  it('closes soon, whoever is connected', async () => {
    const server = await start();
    const idle = open(server);
    const slow = open(server);
    await Promise.all([once(idle, 'connect'), once(slow, 'connect')]);
    slow.write('GET /healthz HTTP/1.1\r\n');
    const since = performance.now();
    await server.close();
    expect(performance.now() - since).toBeLessThan(3000);
    await expect(ask(server, '/healthz')).rejects.toThrow(/ECONNREFUSED/);
  });
});
