import {
  type CallOptions,
  type ChannelCredentials,
  type Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import {
  etcdService,
  type WireEvent,
  type WireHeader,
  type WireKeyValue,
  type WireRangeResponse,
  type WireWatchResponse,
} from './etcd-wire.ts';

/** One change of etcd's own history. */
export interface HistoryEvent {
  readonly revision: number;
  /** One char per byte. */
  readonly key: string;
  /** Undefined: the key was deleted. */
  readonly value: string | undefined;
}

type Unary = (
  request: object,
  metadata: Metadata,
  options: CallOptions,
  done: (error: Error | null, response: never) => void,
) => void;

/** etcd without a line of src/etcd: what tests write with, and what the oracle reads with. No call is repeated. */
export class RawEtcd {
  readonly #kv: Client;
  readonly #lease: Client;
  readonly #watch: Client;
  readonly #auth: Client;
  readonly #maintenance: Client;
  readonly #deadlineMs: number | undefined;
  readonly #metadata = new Metadata();

  /** `address` is `host:port`; a call waits for ever unless a deadline is given. */
  constructor(
    address: string,
    channel: ChannelCredentials = credentials.createInsecure(),
    deadlineMs?: number,
  ) {
    this.#deadlineMs = deadlineMs;
    const options = { 'grpc.max_receive_message_length': -1, 'grpc.use_local_subchannel_pool': 1 };
    this.#kv = new (etcdService('KV'))(address, channel, options);
    this.#lease = new (etcdService('Lease'))(address, channel, options);
    this.#watch = new (etcdService('Watch'))(address, channel, options);
    this.#auth = new (etcdService('Auth'))(address, channel, options);
    this.#maintenance = new (etcdService('Maintenance'))(address, channel, options);
  }

  /** Puts a key; returns the revision. A lease is its id in decimal. */
  async put(key: string, value: string | Buffer, lease = '0'): Promise<number> {
    const put = { key: bytes(key), value: typeof value === 'string' ? Buffer.from(value) : value, lease };
    return revisionOf(await this.#call(this.#kv, 'Put', put));
  }

  async delete(key: string): Promise<number> {
    return revisionOf(await this.#call(this.#kv, 'DeleteRange', { key: bytes(key) }));
  }

  /** Deletes all keys that begin with the prefix; returns the revision. */
  async deletePrefix(prefix: string): Promise<number> {
    return revisionOf(await this.#call(this.#kv, 'DeleteRange', prefixRequest(prefix)));
  }

  /** One revision of several writes (at most 128 of them, etcd's default bound): a value puts, undefined deletes. */
  async commit(writes: ReadonlyMap<string, string | undefined>): Promise<number> {
    const success = [...writes].map(([key, value]) =>
      value === undefined
        ? { request_delete_range: { key: bytes(key) } }
        : { request_put: { key: bytes(key), value: Buffer.from(value, 'utf8') } },
    );
    return revisionOf(await this.#call(this.#kv, 'Txn', { compare: [], success, failure: [] }));
  }

  async compact(revision: number): Promise<void> {
    await this.#call(this.#kv, 'Compact', { revision: String(revision), physical: true });
  }

  /** Grants a lease; returns its id in decimal. */
  async grant(ttlSeconds: number): Promise<string> {
    const granted = await this.#call<{ ID: string }>(this.#lease, 'LeaseGrant', {
      TTL: String(ttlSeconds),
      ID: '0',
    });
    return granted.ID;
  }

  async revoke(lease: string): Promise<void> {
    await this.#call(this.#lease, 'LeaseRevoke', { ID: lease });
  }

  /** Lets the cluster refuse writes for want of space, as it does when its quota is used up, or takes them again. */
  async setFull(full: boolean): Promise<void> {
    const { header } = await this.#call(this.#kv, 'Range', { key: bytes('\0'), limit: '1' });
    const alarm = { action: full ? 'ACTIVATE' : 'DEACTIVATE', memberID: header.member_id, alarm: 'NOSPACE' };
    await this.#call(this.#maintenance, 'Alarm', alarm);
  }

  /** Any call of the Auth service: `UserAdd`, `RoleAdd`, `AuthEnable` … */
  async auth<Response>(method: string, request: object = {}): Promise<Response> {
    return await this.#call<Response>(this.#auth, method, request);
  }

  /** Uses this user from now on. */
  async logIn(name: string, password: string): Promise<void> {
    // etcd 3.4 refuses even this call under a token that has expired.
    this.#metadata.remove('token');
    const { token } = await this.auth<{ token: string }>('Authenticate', { name, password });
    this.#metadata.set('token', token);
  }

  /** The store's revision now. */
  async revision(): Promise<number> {
    return revisionOf(await this.#call(this.#kv, 'Range', { key: bytes('\0'), limit: '1', keys_only: true }));
  }

  /** Keys and values below the prefix, now. */
  async content(prefix = ''): Promise<Map<string, WireKeyValue>> {
    return (await this.contentAt(prefix)).content;
  }

  /** As {@link content}, with the revision that they are of. */
  async contentAt(prefix: string): Promise<{ revision: number; content: Map<string, WireKeyValue> }> {
    const response = await this.#call<WireRangeResponse>(this.#kv, 'Range', prefixRequest(prefix));
    const content = new Map(response.kvs.map((kv) => [kv.key.toString('latin1'), kv]));
    return { revision: revisionOf(response), content };
  }

  /** What a key held right before a revision; undefined where it held nothing, or where that is compacted. */
  async valueBefore(key: string, revision: number): Promise<string | undefined> {
    const request = { key: bytes(key), revision: String(revision - 1) };
    try {
      const { kvs } = await this.#call<WireRangeResponse>(this.#kv, 'Range', request);
      return kvs[0]?.value.toString('latin1');
    } catch (error) {
      if ((error as ServiceError).code === status.OUT_OF_RANGE) {
        return undefined;
      }
      throw error;
    }
  }

  /** The events of each response, from that revision on and for as long as they are asked for. Throws where the stream ends. */
  async *follow(fromRevision: number): AsyncGenerator<readonly HistoryEvent[], undefined> {
    yield* this.#watchFrom(fromRevision, '');
  }

  /** etcd's own history from that revision up to now, in its order: all of it, or the part below the prefix. */
  async history(fromRevision: number, prefix = ''): Promise<readonly HistoryEvent[]> {
    const head = await this.revision();
    const events: HistoryEvent[] = [];
    let reached = fromRevision - 1;
    const responses = this.#watchFrom(fromRevision, '');
    // Every revision holds an event and arrives whole, so all keys are followed to the head and the prefix is chosen here.
    while (reached < head) {
      const { value, done } = await responses.next();
      if (done === true) {
        throw new Error(`etcd ended the oracle's watch at revision ${reached} of ${head}`);
      }
      events.push(...value);
      reached = value.at(-1)?.revision ?? reached;
    }
    await responses.return(undefined);
    return events.filter(({ key, revision }) => key.startsWith(prefix) && revision <= head);
  }

  /** What happens below the prefix from now on, as etcd sends it. */
  async *events(prefix: string): AsyncGenerator<readonly HistoryEvent[]> {
    yield* this.#watchFrom((await this.revision()) + 1, prefix);
  }

  /** What stands below the prefix, in pages of at most so many keys, all at one revision. */
  async *pages(prefix: string, limit: number): AsyncGenerator<readonly WireKeyValue[]> {
    const request = { ...prefixRequest(prefix), limit: String(limit) };
    let page = await this.#call<WireRangeResponse>(this.#kv, 'Range', request);
    const { revision } = page.header;
    yield page.kvs;
    while (page.more) {
      const last = page.kvs.at(-1)?.key ?? Buffer.from([]);
      const key = Buffer.concat([last, Buffer.from([0])]);
      page = await this.#call<WireRangeResponse>(this.#kv, 'Range', { ...request, key, revision });
      yield page.kvs;
    }
  }

  close(): void {
    for (const client of [this.#kv, this.#lease, this.#watch, this.#auth, this.#maintenance]) {
      client.close();
    }
  }

  /** The events of each response below the prefix, from that revision on. */
  async *#watchFrom(revision: number, prefix: string): AsyncGenerator<readonly HistoryEvent[], undefined> {
    const stream = (this.#watch as unknown as WatchClient).Watch(this.#metadata);
    try {
      stream.write({ create_request: { ...prefixRequest(prefix), start_revision: String(revision) } });
      for await (const response of stream as AsyncIterable<WireWatchResponse>) {
        if (response.canceled) {
          throw new Error(`etcd cancelled the oracle's watch; compacted at ${response.compact_revision}`);
        }
        yield response.events.map(historyEvent);
      }
    } finally {
      stream.on('error', () => {});
      stream.cancel();
    }
  }

  async #call<Response = { header: WireHeader }>(
    client: Client,
    method: string,
    request: object,
  ): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const call = (client as unknown as Record<string, Unary>)[method] as Unary;
    const deadline = this.#deadlineMs === undefined ? {} : { deadline: Date.now() + this.#deadlineMs };
    call.call(client, request, this.#metadata, deadline, (error, response) =>
      error === null ? resolve(response) : reject(error),
    );
    return await promise;
  }
}

interface WatchClient {
  Watch(metadata: Metadata): ClientDuplexStream<object, WireWatchResponse>;
}

function historyEvent({ type, kv }: WireEvent): HistoryEvent {
  const value = type === 'Put' ? kv.value.toString('latin1') : undefined;
  return { revision: Number(kv.mod_revision), key: kv.key.toString('latin1'), value };
}

function revisionOf(response: { readonly header: WireHeader }): number {
  return Number(response.header.revision);
}

function bytes(key: string): Buffer {
  return Buffer.from(key, 'latin1');
}

function prefixRequest(prefix: string): { key: Buffer; range_end: Buffer } {
  if (prefix === '') {
    return { key: Buffer.from([0]), range_end: Buffer.from([0]) };
  }
  const end = bytes(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return { key: bytes(prefix), range_end: end };
}
