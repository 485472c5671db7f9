import { z } from 'zod';

/** A call that is not answered by then has failed, in milliseconds. */
const CALL_TIMEOUT_MS = 5_000;

const grantedSchema = z.object({ ID: z.string() });
const keptAliveSchema = z.object({ result: z.object({ TTL: z.string().default('0') }) });

/**
 * The few calls of etcd's own HTTP/JSON gateway that an instance needs to register itself: what any program could do with its HTTP client.
 * The gateway takes keys and values as base64 and writes 64-bit numbers as text.
 */
export class Gateway {
  readonly #url: string;

  /** `url` is a client URL of etcd. */
  constructor(url: string) {
    this.#url = url;
  }

  /** Returns the id of a new lease, which ends after `ttlSeconds` unless it is kept alive. */
  async grant(ttlSeconds: number): Promise<string> {
    return grantedSchema.parse(await this.#call('lease/grant', { TTL: String(ttlSeconds) })).ID;
  }

  /** Returns the seconds that the lease has from now on; 0 where there is no such lease any more. */
  async keepAlive(lease: string): Promise<number> {
    return Number(keptAliveSchema.parse(await this.#call('lease/keepalive', { ID: lease })).result.TTL);
  }

  /** Writes a key that vanishes with its lease. */
  async put(key: string, value: string, lease: string): Promise<void> {
    await this.#call('kv/put', { key: base64(key), value: base64(value), lease });
  }

  async delete(key: string): Promise<void> {
    await this.#call('kv/deleterange', { key: base64(key) });
  }

  async #call(method: string, body: object): Promise<unknown> {
    const response = await fetch(`${this.#url}/v3/${method}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    if (!response.ok) {
      throw new Error(`etcd answers ${method} with ${response.status}: ${await response.text()}`);
    }
    return await response.json();
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
