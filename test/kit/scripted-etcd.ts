import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import {
  etcdService,
  type WireEvent,
  type WireHeader,
  type WireKeyValue,
  type WireRangeRequest,
  type WireRangeResponse,
  type WireWatchCreate,
  type WireWatchRequest,
  type WireWatchResponse,
} from './etcd-wire.ts';

/** A gRPC status that a script throws in place of an answer. */
export class ScriptedFailure extends Error {
  readonly code: status;

  constructor(code: status, details: string) {
    super(details);
    this.code = code;
  }
}

/** What a script returns to leave a call without an answer for ever. */
export const silence: Promise<never> = new Promise(() => {});

/** A write of a scripted revision: a value is put, none deletes the key. */
export interface ScriptedWrite {
  readonly key: string;
  readonly value?: string;
}

/** What a test may replace, call by call; the default of each behaves as etcd does with the history written so far. */
export interface Script {
  range(request: WireRangeRequest, token: string | undefined): WireRangeResponse | Promise<WireRangeResponse>;
  put(
    request: {
      readonly key: Buffer;
      readonly value: Buffer;
    },
    token: string | undefined,
  ): { header: WireHeader } | Promise<{ header: WireHeader }>;
  txn(): { header: WireHeader; succeeded: boolean } | Promise<{ header: WireHeader; succeeded: boolean }>;
  watch(create: WireWatchCreate, stream: ScriptedStream): void;
  authenticate(name: string, password: string): { token: string };
}

interface Watcher {
  readonly create: WireWatchCreate;
  readonly id: string;
  readonly stream: ScriptedStream;
}

/**
 * An etcd server that says exactly what a test wants it to say, for the faults that a real one cannot be made to show. It keeps a linear history,
 * answers ranges from it and serves watches from it; `script` replaces any of that.
 */
export class ScriptedEtcd {
  /** Parts of the behaviour that the test has replaced. */
  readonly script: Partial<Script> = {};
  /** Every range request, in order. */
  readonly ranges: WireRangeRequest[] = [];
  /** Every create request of a watch, in order. */
  readonly creates: WireWatchCreate[] = [];
  /** Every watch stream, in order. */
  readonly streams: ScriptedStream[] = [];
  /** The id of every watch that the client cancelled. */
  readonly cancelled: string[] = [];
  progressRequests = 0;
  /** How often each call was received. */
  readonly calls = { range: 0, put: 0, txn: 0, authenticate: 0, status: 0 };
  /** Calls, apart from `status`, that did not ask for a member with a leader. */
  callsWithoutLeader = 0;
  clusterId = '7';
  /** Whether progress requests are answered; etcd's gRPC proxy does not. */
  tellsProgress = true;
  /** The store's revision; it can be set, also backwards. */
  revision = 1;
  /** Watches from this revision or an older one are cancelled, lists at an older one refused. */
  compacted = 0;
  readonly #history: WireEvent[] = [];
  readonly #watchers = new Set<Watcher>();
  readonly #server = new Server({
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
  });
  #port = 0;

  static async start(): Promise<ScriptedEtcd> {
    const etcd = new ScriptedEtcd();
    await etcd.#listen();
    return etcd;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  header(revision = this.revision): WireHeader {
    return { cluster_id: this.clusterId, member_id: '1', revision: String(revision), raft_term: '2' };
  }

  /** One revision of these writes, told to every watcher of the default behaviour. Returns its events. */
  commit(...writes: readonly ScriptedWrite[]): readonly WireEvent[] {
    this.revision += 1;
    const events = writes.map((write) => eventOf(write, this.revision));
    this.#history.push(...events);
    for (const watcher of this.#watchers) {
      this.#tell(watcher, events);
    }
    return events;
  }

  /** Forgets everything: an empty store, as after a restore. */
  forget(): void {
    this.#history.length = 0;
  }

  /**
   * Serves the first, second … watch of keys that begin with `prefix` by these scripts, later ones and all others as etcd does.
   * Returns the creates of that prefix, a list that grows.
   */
  scriptWatches(prefix: string, ...scripts: readonly Script['watch'][]): readonly WireWatchCreate[] {
    const creates: WireWatchCreate[] = [];
    this.script.watch = (create, stream) => {
      const own = create.key.toString('latin1').startsWith(prefix);
      const script = own ? scripts[creates.length] : undefined;
      if (own) {
        creates.push(create);
      }
      script === undefined ? this.serveWatch(create, stream) : script(create, stream);
    };
    return creates;
  }

  /** Events of the history from that revision on, in the watched range. */
  eventsFrom(revision: number, create: WireWatchCreate): readonly WireEvent[] {
    return this.#history.filter(({ kv }) => Number(kv.mod_revision) >= revision && holds(create, kv.key));
  }

  /** The answer of an etcd with this history: the whole range in one page, at the revision asked for. */
  answerRange(request: WireRangeRequest): WireRangeResponse {
    const at = request.revision === '0' ? this.revision : Number(request.revision);
    if (at < this.compacted) {
      throw new ScriptedFailure(
        status.OUT_OF_RANGE,
        'etcdserver: mvcc: required revision has been compacted',
      );
    }
    const content = new Map<string, WireKeyValue>();
    for (const { type, kv } of this.#history) {
      const name = kv.key.toString('latin1');
      if (Number(kv.mod_revision) > at || !holds(request, kv.key)) {
        continue;
      }
      if (type === 'Put') {
        content.set(name, kv);
      } else {
        content.delete(name);
      }
    }
    const sorted = [...content].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kv]) => kv);
    const page = request.limit === '0' ? sorted : sorted.slice(0, Number(request.limit));
    return {
      header: this.header(),
      kvs: request.keys_only ? page.map((kv) => ({ ...kv, value: Buffer.alloc(0) })) : page,
      more: page.length < sorted.length,
      count: String(sorted.length),
    };
  }

  /** Serves a watch as etcd does: `created` with the store's revision, the history from the start revision, then what is committed. */
  serveWatch(create: WireWatchCreate, stream: ScriptedStream): void {
    const watcher = { create, id: create.watch_id, stream };
    stream.send({ watch_id: watcher.id, created: true });
    const start = create.start_revision === '0' ? this.revision + 1 : Number(create.start_revision);
    if (start <= this.compacted) {
      // etcd gives no reason here: the compact revision alone tells.
      stream.send({ watch_id: watcher.id, canceled: true, compact_revision: String(this.compacted) });
      return;
    }
    this.#tell(watcher, this.eventsFrom(start, create));
    this.#watchers.add(watcher);
  }

  /** Ends every stream with UNAVAILABLE, as a member that stops does; new ones are served. */
  cutStreams(): void {
    for (const stream of this.streams) {
      stream.fail(status.UNAVAILABLE, 'the scripted server ended the stream');
    }
  }

  async close(): Promise<void> {
    this.#server.forceShutdown();
  }

  forgetStream(stream: ScriptedStream): void {
    for (const watcher of this.#watchers) {
      if (watcher.stream === stream) {
        this.#watchers.delete(watcher);
      }
    }
  }

  #tell({ create, id, stream }: Watcher, events: readonly WireEvent[]): void {
    const own = events.filter(
      ({ kv }) => holds(create, kv.key) && Number(kv.mod_revision) >= Number(create.start_revision),
    );
    if (own.length > 0) {
      stream.send({ watch_id: id, events: own });
    }
  }

  async #listen(): Promise<void> {
    const { script } = this;
    this.#server.addService(etcdService('KV').service, {
      Range: this.#unary('range', (request: WireRangeRequest, token) => {
        this.ranges.push(request);
        return script.range === undefined ? this.answerRange(request) : script.range(request, token);
      }),
      Put: this.#unary('put', (request: { key: Buffer; value: Buffer }, token) => {
        if (script.put !== undefined) {
          return script.put(request, token);
        }
        this.commit({ key: request.key.toString('latin1'), value: request.value.toString('latin1') });
        return { header: this.header() };
      }),
      Txn: this.#unary('txn', () => script.txn?.() ?? { header: this.header(), succeeded: true }),
    });
    this.#server.addService(etcdService('Auth').service, {
      Authenticate: this.#unary('authenticate', ({ name, password }: { name: string; password: string }) => ({
        header: this.header(),
        ...(script.authenticate?.(name, password) ?? { token: `token-${this.calls.authenticate}` }),
      })),
    });
    this.#server.addService(etcdService('Maintenance').service, {
      Status: this.#unary('status', () => ({ header: this.header(), version: '3.5.0', leader: '1' })),
    });
    this.#server.addService(etcdService('Watch').service, {
      Watch: (call: ServerDuplexStream<WireWatchRequest, Partial<WireWatchResponse>>) => {
        const stream = new ScriptedStream(this, call);
        this.streams.push(stream);
        call.on('data', (request: WireWatchRequest) => this.#watchRequest(request, stream));
      },
    });
    this.#port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
        error === null ? resolve(port) : reject(error);
      });
    });
  }

  #watchRequest(request: WireWatchRequest, stream: ScriptedStream): void {
    if (request.create_request !== undefined && request.create_request !== null) {
      this.creates.push(request.create_request);
      const serve = this.script.watch ?? ((create, on) => this.serveWatch(create, on));
      serve(request.create_request, stream);
    } else if (request.request_union === 'progress_request') {
      this.progressRequests += 1;
      if (this.tellsProgress) {
        stream.send({ watch_id: '-1' });
      }
    } else if (request.cancel_request !== undefined && request.cancel_request !== null) {
      const { watch_id } = request.cancel_request;
      this.cancelled.push(watch_id);
      this.#watchers.forEach((watcher) => {
        if (watcher.id === watch_id && watcher.stream === stream) {
          this.#watchers.delete(watcher);
        }
      });
      stream.send({ watch_id, canceled: true });
    }
  }

  #unary<Request, Response>(
    name: keyof ScriptedEtcd['calls'],
    answer: (request: Request, token: string | undefined) => Response | Promise<Response>,
  ) {
    return (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>): void => {
      this.calls[name] += 1;
      this.callsWithoutLeader += name === 'status' || call.metadata.get('hasleader')[0] === 'true' ? 0 : 1;
      const token = call.metadata.get('token')[0]?.toString();
      Promise.resolve()
        .then(() => answer(call.request, token))
        .then(
          (response) => done(null, response),
          (failure: unknown) =>
            done({
              code: failure instanceof ScriptedFailure ? failure.code : status.INTERNAL,
              details: String((failure as Error).message),
            }),
        );
    };
  }
}

/** One watch stream as the server holds it. */
export class ScriptedStream {
  /** The auth token that the stream was opened with. */
  readonly token: string | undefined;
  /** Whether the client asked for a member with a leader. */
  readonly requiresLeader: boolean;
  readonly #etcd: ScriptedEtcd;
  readonly #call: ServerDuplexStream<WireWatchRequest, Partial<WireWatchResponse>>;
  #ended = false;

  constructor(etcd: ScriptedEtcd, call: ServerDuplexStream<WireWatchRequest, Partial<WireWatchResponse>>) {
    this.#etcd = etcd;
    this.#call = call;
    this.token = call.metadata.get('token')[0]?.toString();
    this.requiresLeader = call.metadata.get('hasleader')[0]?.toString() === 'true';
    call.on('cancelled', () => this.#over());
    call.on('end', () => this.#over());
    call.on('error', () => this.#over());
  }

  /** Whether the stream is over, by either side. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a response; what is left out is the header of the store now, and the protocol's defaults. */
  send(response: Partial<WireWatchResponse>): void {
    if (!this.ended) {
      this.#call.write({ header: this.#etcd.header(), ...response });
    }
  }

  /** Ends the stream with that status. */
  fail(code: status, details: string): void {
    if (!this.ended) {
      this.#over();
      this.#call.emit('error', { code, details });
    }
  }

  #over(): void {
    this.#ended = true;
    this.#etcd.forgetStream(this);
  }
}

/** A registration as it stands on the wire. */
export function wireKeyValue(key: string, value: string, revision: number): WireKeyValue {
  return {
    key: Buffer.from(key, 'latin1'),
    value: Buffer.from(value, 'latin1'),
    create_revision: String(revision),
    mod_revision: String(revision),
    version: '1',
    lease: '0',
  };
}

/** The event of a write at that revision. */
export function eventOf(write: ScriptedWrite, revision: number): WireEvent {
  return {
    type: write.value === undefined ? 'Delete' : 'Put',
    kv: wireKeyValue(write.key, write.value ?? '', revision),
  };
}

function holds(range: { readonly key: Buffer; readonly range_end: Buffer }, key: Buffer): boolean {
  if (range.range_end.length === 0) {
    return key.equals(range.key);
  }
  const open = range.range_end.equals(Buffer.from([0]));
  return key.compare(range.key) >= 0 && (open || key.compare(range.range_end) < 0);
}
