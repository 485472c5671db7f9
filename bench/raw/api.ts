import { Agent } from 'undici';
import type { Credentials } from '../../dev/control-plane/plane.ts';
import type { AnyObject } from '../../test/kit/kube-objects.ts';

/** What a client needs to talk to the apiserver. */
export type ApiAccess = Pick<Credentials, 'server' | 'caPem' | 'certPem' | 'keyPem'>;

/** What a collection held at a version of the apiserver. */
export interface Snapshot {
  readonly items: readonly AnyObject[];
  readonly version: string;
}

/** The least that one can do to talk to an apiserver: JSON over pooled connections, no deadline, no retry. What we are measured against. */
export class RawApi {
  readonly #origin: string;
  readonly #agent: Agent;

  constructor({ server, caPem, certPem, keyPem }: ApiAccess, connections = 32) {
    this.#origin = server;
    const connect = { ca: caPem, cert: certPem, key: keyPem };
    this.#agent = new Agent({ connections, connect, headersTimeout: 0, bodyTimeout: 0 });
  }

  async send(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<AnyObject> {
    return JSON.parse(await this.text(method, path, body));
  }

  async text(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<string> {
    const answer = await this.#agent.request({
      origin: this.#origin,
      path,
      method,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) {
      throw new Error(`${method} ${path}: HTTP ${answer.statusCode}: ${text.slice(0, 500)}`);
    }
    return text;
  }

  /** The items of a collection, in pages of 500. */
  async list(path: string, selector = ''): Promise<readonly AnyObject[]> {
    return (await this.snapshot(path, selector)).items;
  }

  /** The same, with the version at which they were so. */
  async snapshot(path: string, selector = ''): Promise<Snapshot> {
    const items: AnyObject[] = [];
    let next = '';
    let version = '';
    do {
      const page = await this.send('GET', `${path}?limit=500&labelSelector=${selector}&continue=${next}`);
      items.push(...page.items);
      next = page.metadata.continue ?? '';
      version = page.metadata.resourceVersion;
    } while (next !== '');
    return { items, version };
  }

  /** Tells the events of a watch from that version on, until the signal aborts; resolves when it stands. Where the apiserver ends it, that is told. */
  async watch(
    path: string,
    version: string,
    tell: (event: AnyObject) => void,
    { signal, ended }: { readonly signal?: AbortSignal; readonly ended?: () => void } = {},
  ): Promise<void> {
    const { body, statusCode } = await this.#agent.request({
      origin: this.#origin,
      path: `${path}?watch=true&resourceVersion=${version}`,
      method: 'GET',
      signal: signal ?? null,
    });
    if (statusCode !== 200) {
      throw new Error(`watch of ${path}: HTTP ${statusCode}: ${await body.text()}`);
    }
    let rest = '';
    body.setEncoding('utf8');
    body.on('error', () => undefined);
    body.on('close', () => {
      if (signal?.aborted !== true) {
        ended?.();
      }
    });
    body.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        tell(JSON.parse(line));
      }
    });
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}
