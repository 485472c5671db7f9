import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { download, downloadEnvironment } from './downloader.ts';

describe('download', () => {
  let proxy: Server | undefined;
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) {
      socket.destroy();
    }
    proxy?.close();
  });

  /** A proxy that answers each request with `answer`, or not at all; returns its URL and the first lines that it was sent. */
  async function startProxy(answer: string | undefined): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    proxy = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        asked.push(data.toString().split('\r\n')[0] ?? '');
        if (answer !== undefined) {
          socket.end(answer);
        }
      });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
  }

  it('goes through HTTPS_PROXY, and fails with the reason when that refuses', async () => {
    const { url, asked } = await startProxy('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    const attempt = download(['envtest'], { ...process.env, HTTPS_PROXY: url }, () => undefined);
    await expect(attempt).rejects.toThrow(/fetch failed/);
    expect(asked[0]).toBe('CONNECT raw.githubusercontent.com:443 HTTP/1.1');
  });

  it('gives up on a network that swallows what is sent', async () => {
    const { url } = await startProxy(undefined);
    const attempt = download(['envtest'], { ...process.env, HTTPS_PROXY: url }, () => undefined, 1_500);
    await expect(attempt).rejects.toThrow('no answer within 1.5 s');
  });
});

describe('downloadEnvironment', () => {
  it('hides the variables with which envtest-js would not download, and turns the proxy on', () => {
    const environment = downloadEnvironment({
      KUBEBUILDER_ASSETS: '/incomplete',
      TEST_ASSET_ETCD: '/x',
      HOME: '/root',
    });
    expect(environment).toEqual({ HOME: '/root', NODE_USE_ENV_PROXY: '1', NODE_NO_WARNINGS: '1' });
  });
});
