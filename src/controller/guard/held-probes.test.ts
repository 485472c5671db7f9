import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/kit/eventually.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { endpointId } from '../../endpoints/match-ports.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
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

/** A port that takes connections, and how many it has taken. */
async function counting(): Promise<{ readonly port: number; readonly asked: () => number }> {
  let asked = 0;
  const server = createServer((socket) => {
    asked += 1;
    socket.destroy();
  });
  return { port: await listening(server), asked: () => asked };
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
      await eventually(() => {
        // The round before may not have ended yet.
        if (asked.length < round) {
          clock.advance(probes.ask('shop/web', 'h1', held, 'HTTP'));
        }
        expect(asked).toHaveLength(round);
      });
    }
    const refusing = endpoint(await refusingPort());
    await eventually(() => {
      probes.ask('shop/web', 'h1', [refusing], 'HTTP');
      expect(found).toHaveLength(1);
    });
    expect([...probes.takeDead('shop/web')]).toEqual([endpointId(refusing)]);
    expect(asked).toEqual(['/', '/']);
  });

  it('is asked once in a while, also anew in another hold, and not at all without a TCP port', async () => {
    const { clock, probes } = startProbes();
    const { port, asked } = await counting();
    const held = [endpoint(port), endpoint(port, 'UDP')];

    const againMs = probes.ask('shop/web', 'h1', held, 'TCP');
    probes.ask('shop/web', 'h1', held, 'TCP');
    await eventually(() => expect(asked()).toBe(1));
    probes.ask('shop/web', 'h2', held, 'TCP');
    await eventually(() => expect(asked()).toBe(2));
    await eventually(() => {
      if (asked() < 3) {
        clock.advance(againMs);
        probes.ask('shop/web', 'h2', held, 'TCP');
      }
      expect(asked()).toBe(3);
    });
  });

  it('is not asked later because others look in between', async () => {
    const { clock, probes } = startProbes();
    const { port, asked } = await counting();
    const held = [endpoint(port)];
    const firstMs = probes.ask('shop/web', 'h1', held, 'TCP');
    await eventually(() => expect(asked()).toBe(1));
    clock.advance(firstMs - 1000);
    expect(probes.ask('shop/web', 'h1', held, 'TCP')).toBe(1000);
  });

  it('is asked by one round at a time, and leaves room for those of others', async () => {
    const { clock, found, probes } = startProbes();
    let open = 0;
    let most = 0;
    const silent = await listening(
      createServer((socket) => {
        open += 1;
        most = Math.max(most, open);
        socket.on('error', () => undefined);
        socket.once('close', () => {
          open -= 1;
        });
        socket.resume();
      }),
    );
    // Whoever asks by HTTP waits for an answer that does not come.
    const many = Array.from({ length: 200 }, (_, index) => ({
      ...endpoint(silent),
      ports: [{ name: `${index}`, port: silent, protocol: 'TCP' as const }],
    }));
    for (let round = 0; round < 5; round += 1) {
      probes.ask('shop/many', 'h1', many, 'HTTP');
      clock.advance(30_000);
    }
    await eventually(() => expect(open).toBe(16));

    probes.ask('shop/few', 'h2', [endpoint(await refusingPort())], 'HTTP');

    await eventually(() => expect(found).toEqual(['shop/few']), { timeoutMs: 6000 });
    expect(most).toBe(16);
  });

  it('is asked at last however many are held', async () => {
    const { clock, found, probes } = startProbes();
    const silent = Array.from({ length: 1000 }, () => endpoint(9, 'UDP')).map((one, index) => ({
      ...one,
      address: `10.0.${index >> 8}.${index & 255}`,
    }));
    const held = [...silent, endpoint(await refusingPort())];
    await eventually(() => {
      probes.ask('shop/web', 'h1', held, 'TCP');
      clock.advance(1000);
      expect(found).toEqual(['shop/web']);
    });
  });
});
