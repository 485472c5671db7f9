import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { probeOf } from './probe.ts';

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function web(answer: RequestListener): Promise<string> {
  const server = createHttpServer(answer);
  onTestFinished(() => server.closeAllConnections());
  return `http://127.0.0.1:${await listening(server)}/health`;
}

const never = new AbortController().signal;
const nothingThere = 'tcp://127.0.0.1:1';

describe('a check by HTTP', () => {
  it.each([200, 204, 302, 399])('passes with %d', async (status) => {
    const url = await web((_, response) => response.writeHead(status).end());
    await expect(probeOf(url)(never)).resolves.toBeUndefined();
  });

  it.each([404, 500, 503])('fails with %d', async (status) => {
    const url = await web((_, response) => response.writeHead(status).end());
    await expect(probeOf(url)(never)).rejects.toThrow(`the answer is ${status}`);
  });

  it('passes with an answer that never ends, and hangs up', async () => {
    let isOver = false;
    const url = await web((_, response) => {
      response.on('close', () => {
        isOver = true;
      });
      response.writeHead(200).write('a beginning');
    });
    await probeOf(url)(never);
    await eventually(() => expect(isOver).toBe(true));
  });

  it('fails where nobody listens, and when it is cut off', async () => {
    await expect(probeOf('http://127.0.0.1:1/')(never)).rejects.toThrow('ECONNREFUSED');
    const url = await web(() => undefined);
    const cut = new AbortController();
    const probing = probeOf(url)(cut.signal);
    cut.abort();
    await expect(probing).rejects.toThrow('abort');
  });
});

describe('a check by TCP', () => {
  it('passes where somebody listens, and fails where nobody does', async () => {
    const port = await listening(createServer());
    await expect(probeOf(`tcp://127.0.0.1:${port}`)(never)).resolves.toBeUndefined();
    await expect(probeOf(nothingThere)(never)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('a check by a command', () => {
  it('passes with status 0, and fails with any other and by a signal', async () => {
    await expect(probeOf('exec true')(never)).resolves.toBeUndefined();
    await expect(probeOf('exec exit 3')(never)).rejects.toThrow('the command exits with 3');
    await expect(probeOf('exec kill -9 $$')(never)).rejects.toThrow('the command is ended by SIGKILL');
  });

  it('leaves nothing of the command behind when it is cut off', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-probe-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const pidFile = join(folder, 'pid');
    const cut = new AbortController();
    const probing = probeOf(`exec sleep 600 & echo $! > ${pidFile}; wait`)(cut.signal);
    const pid = await eventually(async () => {
      const text = await readFile(pidFile, 'utf8');
      expect(text).toMatch(/^\d+\n$/);
      return Number(text);
    });
    cut.abort();
    await expect(probing).rejects.toThrow('SIGKILL');
    await eventually(async () => expect(await stateOf(pid)).toMatch(/^(gone|Z)$/));
  });
});

describe('any other check', () => {
  it.each(['', 'web', 'ftp://host/', 'tcp://host', 'tcp://host:80/path', 'exec ', 'http://'])(
    '%j is refused with what is expected',
    (check) => {
      expect(() => probeOf(check)).toThrow(
        `--check ${JSON.stringify(check)}: expected http://host:port/path`,
      );
    },
  );
});

/** The letter of /proc, or `gone`; a process that nobody waits for stays as a zombie. */
async function stateOf(pid: number): Promise<string> {
  try {
    process.kill(pid, 0);
    const [, state = ''] = /\) (\w)/.exec(await readFile(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state;
  } catch {
    return 'gone';
  }
}
