/**
 * The connections to one apiserver: one pool for calls, one for watches, so that a thousand watches never starve a call. Files and
 * tokens are looked at again while in use; what changed makes new pools, and the old ones end with what they carry.
 */
import { createHash } from 'node:crypto';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { Clock } from '../clock.ts';
import type { Access, Identity } from './access.ts';
import { kubeconfigAccess } from './kubeconfig.ts';
import type { KubeLog, KubeSource } from './options.ts';
import { serviceAccountAccess } from './service-account.ts';

/** With what a request leaves. The same object as long as nothing changed. */
export interface Session {
  readonly origin: string;
  /** Path in front of every API path, without a slash at its end; `''` for most servers. */
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly calls: Dispatcher;
  readonly watches: Dispatcher;
}

export interface ConnectionOptions extends KubeSource {
  readonly maxConnections: number;
  readonly rereadFilesMs: number;
}

/** The apiserver closes idle connections after 90 s; leaving first avoids a request into a closing one. */
const KEEP_ALIVE_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** As client-go: below the idle timeouts of load balancers. */
const TCP_KEEP_ALIVE_MS = 30_000;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  readonly #log: KubeLog;
  #access: Access;
  #session: Session | undefined;
  /** Digests of what the session was made from, so that a change is seen without keeping the secrets twice. */
  #tlsDigest = '';
  #headersDigest = '';
  #readAt = 0;
  #reading: Promise<Session> | undefined;
  /** Whether the last look failed: a row of failures is logged once. */
  #failing: boolean = false;
  /** Pools that still carry something begun before a change. */
  readonly #retired = new Set<Dispatcher>();
  #closed: boolean = false;

  /** Reads the kubeconfig; throws a TerminalError (KUBE_CONFIG) where it names no apiserver. */
  constructor(options: ConnectionOptions, deps: { readonly clock: Clock; readonly log: KubeLog }) {
    this.#options = options;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#access = openAccess(options);
  }

  get server(): string {
    return this.#access.server;
  }

  get namespace(): string {
    return this.#access.namespace;
  }

  /** With what to send now, where that need not be looked at again. */
  get standing(): Session | undefined {
    const age = this.#clock.monotonic() - this.#readAt;
    return age < this.#options.rereadFilesMs ? this.#session : undefined;
  }

  /** The same, looked at again if need be. Throws a RetryableError (KUBE_CREDENTIALS) where no credentials could be read yet. */
  async session(): Promise<Session> {
    return this.standing ?? (await this.#readOnce(false));
  }

  /** After a 401 on `refused`: forgets every credential and reads anew. Gives the same session back where nothing changed. */
  async renew(refused: Session): Promise<Session> {
    if (this.#session !== undefined && this.#session !== refused) {
      return this.#session;
    }
    return await this.#readOnce(true);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pools = [...this.#retired, this.#session?.calls, this.#session?.watches];
    await Promise.all(pools.map((pool) => pool?.destroy()));
  }

  /** One look at a time, shared by all who need it. */
  #readOnce(anew: boolean): Promise<Session> {
    this.#reading ??= this.#read(anew).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(anew: boolean): Promise<Session> {
    this.#session = await this.#lookAgain(anew).catch((error: unknown) => this.#keep(error));
    this.#readAt = this.#clock.monotonic();
    return this.#session;
  }

  async #lookAgain(anew: boolean): Promise<Session> {
    if (anew) {
      this.#access = openAccess(this.#options);
    }
    const session = this.#adopt(await this.#access.identity());
    this.#failing = false;
    return session;
  }

  /** A file that is just being replaced: what was read before serves until the next look. */
  #keep(error: unknown): Session {
    if (this.#session === undefined) {
      throw error;
    }
    if (!this.#failing) {
      this.#failing = true;
      this.#log.warn({ error }, 'Keeping the credentials read before');
    }
    return this.#session;
  }

  #adopt(identity: Identity): Session {
    const tlsDigest = digest([identity.server.href, identity.proxyUrl, identity.tls]);
    const headersDigest = digest(identity.headers);
    const before = this.#session;
    const sameTls = tlsDigest === this.#tlsDigest;
    const sameHeaders = headersDigest === this.#headersDigest;
    if (before !== undefined && sameTls && sameHeaders) {
      return before;
    }
    const pools = before !== undefined && sameTls ? before : this.#connect(identity);
    if (pools !== before) {
      this.#retire(before?.calls);
      this.#retire(before?.watches);
    }
    this.#tlsDigest = tlsDigest;
    this.#headersDigest = headersDigest;
    return { ...pools, headers: identity.headers };
  }

  #connect(identity: Identity): Session {
    if (this.#closed) {
      throw new Error('the connection is closed');
    }
    return {
      origin: identity.server.origin,
      basePath: identity.server.pathname.replace(/\/$/, ''),
      headers: identity.headers,
      calls: createPool(identity, this.#options.maxConnections),
      watches: createPool(identity, undefined),
    };
  }

  #retire(pool: Dispatcher | undefined): void {
    if (pool === undefined) {
      return;
    }
    this.#retired.add(pool);
    pool
      .close()
      .catch((error: unknown) => this.#log.debug({ error }, 'Could not close a replaced pool'))
      .finally(() => this.#retired.delete(pool));
  }
}

function openAccess(source: KubeSource): Access {
  return source.serviceAccount === undefined
    ? kubeconfigAccess(source)
    : serviceAccountAccess(source.serviceAccount);
}

function createPool(identity: Identity, connections: number | undefined): Dispatcher {
  const options = {
    connections: connections ?? null,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // Each request has a deadline of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const { proxyUrl, tls } = identity;
  if (proxyUrl === undefined) {
    const connect = { ...tls, timeout: CONNECT_TIMEOUT_MS, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS };
    return new Agent({ ...options, connect });
  }
  return new ProxyAgent({
    ...options,
    uri: proxyUrl,
    requestTls: { ...tls },
    connectTimeout: CONNECT_TIMEOUT_MS,
  });
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64');
}
