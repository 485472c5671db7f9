import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { endpointId } from '../endpoints/match-ports.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import { HeldProbes } from './held-probes.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) {
    close();
  }
});

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  open.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port that nobody listens on. */
async function refusingPort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, 'close');
  return port;
}

function endpoint(port: number, protocol: 'TCP' | 'UDP' = 'TCP'): DesiredEndpoint {
  return { address: '127.0.0.1', ports: [{ name: '', port, protocol }], ready: true };
}

function startProbes() {
  const clock = new FakeClock();
  const found: string[] = [];
  const probes = new HeldProbes({ clock, found: (key) => found.push(key) });
  open.push(() => probes.close());
  return { clock, found, probes };
}

describe('a held endpoint', () => {
  it.each(['TCP', 'HTTP'] as const)('is dead where it refuses, by %s', async (how) => {
    const { found, probes } = startProbes();
    const refusing = endpoint(await refusingPort());

    probes.ask('shop/web', 'h1', [refusing], how);

    await eventually(() => expect(found).toEqual(['shop/web']));
    expect([...probes.takeDead('shop/web')]).toEqual([endpointId(refusing)]);
    expect(probes.takeDead('shop/web').size).toBe(0);
  });

  it('is not dead where it answers, whatever it answers, and no redirect of it is followed', async () => {
    const { clock, found, probes } = startProbes();
    const asked: string[] = [];
    const elsewhere = await listening(createHttpServer(() => asked.push('elsewhere')));
    const redirecting = createHttpServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(asked.length === 1 ? 500 : 302, { location: `http://127.0.0.1:${elsewhere}/` });
      response.end();
    });
    const held = [endpoint(await listening(redirecting))];

    for (let round = 1; round <= 2; round += 1) {
      clock.advance(probes.ask('shop/web', 'h1', held, 'HTTP'));
      await eventually(() => expect(asked).toHaveLength(round));
    }
    const refusing = endpoint(await refusingPort());
    probes.ask('shop/web', 'h1', [refusing], 'HTTP');
    await eventually(() => expect(found).toHaveLength(1));
    expect([...probes.takeDead('shop/web')]).toEqual([endpointId(refusing)]);
    expect(asked).toEqual(['/', '/']);
  });

  it('is asked once in a while, also anew in another hold, and not at all without a TCP port', async () => {
    const { clock, probes } = startProbes();
    let asked = 0;
    const port = await listening(
      createServer((socket) => {
        asked += 1;
        socket.destroy();
      }),
    );
    const held = [endpoint(port), endpoint(port, 'UDP')];

    const againMs = probes.ask('shop/web', 'h1', held, 'TCP');
    probes.ask('shop/web', 'h1', held, 'TCP');
    await eventually(() => expect(asked).toBe(1));
    probes.ask('shop/web', 'h2', held, 'TCP');
    await eventually(() => expect(asked).toBe(2));
    clock.advance(againMs);
    probes.ask('shop/web', 'h2', held, 'TCP');
    await eventually(() => expect(asked).toBe(3));
  });
});
