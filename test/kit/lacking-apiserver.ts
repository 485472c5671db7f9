import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from '../../dev/control-plane/plane.ts';

/** An apiserver that lacks an API group, as an older one does; everything else is the real one's. */
export interface LackingApiserver {
  readonly kubeconfigPath: string;
  stop(): Promise<void>;
}

/** Stands before the real one, and answers as if it did not serve `path`, such as `/apis/discovery.k8s.io/v1`. */
export async function lackingApiserver(real: Credentials, path: string): Promise<LackingApiserver> {
  const agent = new Agent({ ca: real.caPem, cert: real.certPem, key: real.keyPem, keepAlive: true });
  const server = createServer((asked, answer) => {
    if (asked.url?.startsWith(path) === true) {
      answer.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
    } else {
      passOn(real.server, agent, asked, answer);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-lacking-'));
  const kubeconfigPath = join(directory, 'kubeconfig');
  const { port } = server.address() as AddressInfo;
  // JSON is YAML.
  await writeFile(kubeconfigPath, JSON.stringify(kubeconfigOf(`http://127.0.0.1:${port}`)));
  return {
    kubeconfigPath,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      agent.destroy();
      await rm(directory, { recursive: true });
    },
  };
}

/** What is asked and answered goes through as it comes, watches too; where one end breaks off, so does the other. */
function passOn(server: string, agent: Agent, asked: IncomingMessage, answer: ServerResponse): void {
  const { method, headers } = asked;
  const { host: _, ...passed } = headers;
  const call = request(new URL(asked.url ?? '/', server), { agent, method, headers: passed });
  call.on('response', (real) => {
    answer.writeHead(real.statusCode ?? 502, real.headers);
    real.pipe(answer);
    real.on('error', () => answer.destroy());
  });
  call.on('error', () => answer.destroy());
  answer.on('close', () => call.destroy());
  asked.pipe(call);
}

function kubeconfigOf(server: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'test', user: {} }],
  };
}
