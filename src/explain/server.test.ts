import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../clock.ts';
import { TerminalError } from '../errors.ts';
import { askController } from './client.ts';
import { type Explain, type Question, startExplainServer } from './server.ts';
import type { Explanation } from './types.ts';

const question: Question = {
  namespace: 'shop',
  name: 'web & more',
  address: 'fd00::5',
  sinceMs: 3_600_000,
};
const answer: Explanation = {
  etcdService: 'shop/web',
  replica: 'a',
  conditions: [],
  keys: [],
  omittedKeys: 0,
  kept: [],
  removals: [],
};

async function serve(explain: Explain) {
  const server = await startExplainServer({ host: '127.0.0.1', port: 0, clock: systemClock, explain });
  onTestFinished(() => server.close());
  return server.address;
}

/** A server that is no controller, and what it answers. */
async function serveText(status: number, body: string) {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

describe('a controller that is asked to explain', () => {
  it('is asked what the one who asks wants to know, and what it says comes back whole', async () => {
    const asked: Question[] = [];
    const address = await serve(async (one) => {
      asked.push(one);
      return answer;
    });
    expect(await askController(question, address, 5000)).toEqual(answer);
    const short = { ...question, address: undefined, sinceMs: undefined };
    expect(await askController(short, address, 5000)).toEqual(answer);
    expect(asked).toEqual([question, short]);
  });

  it.each(['NOT_LEADING', 'UNKNOWN_ETCD_SERVICE'] as const)(
    'says why it does not explain: %s',
    async (code) => {
      const address = await serve(() => Promise.reject(new TerminalError(code, 'ask the replica b')));
      await expect(askController(question, address, 5000)).rejects.toMatchObject({
        code: 'NOT_EXPLAINED',
        message: 'ask the replica b',
      });
    },
  );

  it('survives a question that it fails at', async () => {
    let fails = true;
    const address = await serve(async () => {
      if (fails) {
        throw new Error('a defect');
      }
      return answer;
    });
    await expect(askController(question, address, 5000)).rejects.toMatchObject({ code: 'NOT_EXPLAINED' });
    fails = false;
    expect(await askController(question, address, 5000)).toEqual(answer);
  });

  it.each(['/', '/explain', '/explain?namespace=shop', '/metrics'])('answers %s with 404', async (path) => {
    const { host, port } = await serve(async () => answer);
    expect((await fetch(`http://${host}:${port}${path}`)).status).toBe(404);
  });
});

describe('who asks a controller', () => {
  it.each([
    [200, 'hello'],
    [200, '[]'],
    [404, '<html>'],
    [500, ''],
  ])('takes the answer %d "%s" of another server for none', async (status, body) => {
    const address = await serveText(status, body);
    await expect(askController(question, address, 5000)).rejects.toMatchObject({
      code: 'NOT_EXPLAINED',
      message: expect.stringContaining(`HTTP ${status}`),
    });
  });

  it('says where nobody answers, and what to do', async () => {
    const { host, port } = await serveText(200, '');
    const asking = askController(question, { host, port: port === 1 ? 2 : 1 }, 5000);
    await expect(asking).rejects.toMatchObject({ code: 'NO_CONTROLLER' });
  });

  it('does not wait for ever', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    await expect(askController(question, { host: '127.0.0.1', port }, 50)).rejects.toMatchObject({
      code: 'NO_CONTROLLER',
      message: expect.stringContaining('it takes too long'),
    });
  });
});
