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
  type WireRangeRequest,
  type WireRangeResponse,
  type WireWatchCreate,
  type WireWatchRequest,
  type WireWatchResponse,
} from './etcd-wire.ts';
import { inRange, ScriptedHistory, type ScriptedWrite, type WireRange } from './scripted-history.ts';
import { ScriptedStream } from './scripted-stream.ts';

export { ScriptedStream } from './scripted-stream.ts';

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

/** What a test may replace, call by call; the default of each behaves as etcd does with the history written so far. */
export interface Script {
  range(request: WireRangeRequest, token: string | undefined): Answer<WireRangeResponse>;
  put(request: PutRequest, token: string | undefined): Answer<{ readonly header: WireHeader }>;
  txn(): Answer<{ readonly header: WireHeader; readonly succeeded: boolean }>;
  watch(create: WireWatchCreate, stream: ScriptedStream): void;
  authenticate(user: {
    readonly name: string;
    readonly password: string;
  }): Answer<{ readonly token: string }>;
}

type Answer<Response> = Response | Promise<Response>;

interface PutRequest {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** A watch that the default behaviour serves. */
interface Watcher {
  readonly create: WireWatchCreate;
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
  /** Watches from this revision or an older one are cancelled, lists at an older one refused. */
  compacted = 0;
  readonly #history = new ScriptedHistory();
  readonly #watchers = new Set<Watcher>();
  readonly #server = new Server({ 'grpc.max_send_message_length': -1 });
  #port = 0;

  static async start(): Promise<ScriptedEtcd> {
    const etcd = new ScriptedEtcd();
    etcd.#serve();
    etcd.#port = await new Promise<number>((resolve, reject) => {
      etcd.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
        error === null ? resolve(port) : reject(error);
      });
    });
    return etcd;
  }

  /** `127.0.0.1:<port>` */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** The store's revision; it can be set, also backwards. */
  get revision(): number {
    return this.#history.revision;
  }

  set revision(revision: number) {
    this.#history.revision = revision;
  }

  header(revision = this.revision): WireHeader {
    return { cluster_id: this.clusterId, member_id: '1', revision: String(revision), raft_term: '2' };
  }

  /** One revision of these writes, told to every watch of the default behaviour. Returns its events. */
  commit(...writes: readonly ScriptedWrite[]): readonly WireEvent[] {
    const events = this.#history.commit(writes);
    for (const { create, stream } of this.#watchers) {
      tell(stream, create, events);
    }
    return events;
  }

  /** Forgets all keys and their history, as a restore does. */
  forget(): void {
    this.#history.forget();
  }

  /**
   * Serves the first, second … watch of a range of keys that begin with `prefix` by these scripts; later ones and all others, such as those of a
   * single key that show whether a stream answers, as etcd does. Returns the creates of that prefix, a list that grows.
   */
  scriptWatches(prefix: string, ...scripts: readonly Script['watch'][]): readonly WireWatchCreate[] {
    const creates: WireWatchCreate[] = [];
    this.script.watch = (create, stream) => {
      const single = create.range_end.equals(Buffer.concat([create.key, Buffer.from([0])]));
      const own = !single && create.key.toString('latin1').startsWith(prefix);
      const script = own ? scripts[creates.length] : undefined;
      if (own) {
        creates.push(create);
      }
      script === undefined ? this.serveWatch(create, stream) : script(create, stream);
    };
    return creates;
  }

  /** Events of the history from that revision on, in the range. */
  eventsFrom(revision: number, range: WireRange): readonly WireEvent[] {
    return this.#history.from(revision, range);
  }

  /** The answer of an etcd with this history. */
  answerRange(request: WireRangeRequest): WireRangeResponse {
    const revision = request.revision === '0' ? this.revision : Number(request.revision);
    if (revision < this.compacted) {
      throw new ScriptedFailure(
        status.OUT_OF_RANGE,
        'etcdserver: mvcc: required revision has been compacted',
      );
    }
    const content = this.#history.contentAt(revision, request);
    const page = request.limit === '0' ? content : content.slice(0, Number(request.limit));
    return {
      header: this.header(),
      kvs: request.keys_only ? page.map((kv) => ({ ...kv, value: Buffer.alloc(0) })) : page,
      more: page.length < content.length,
      count: String(content.length),
    };
  }

  /** Serves a watch as etcd does: `created` with the store's revision, the history from the start revision, then what is committed. */
  serveWatch(create: WireWatchCreate, stream: ScriptedStream): void {
    const { watch_id } = create;
    stream.send({ watch_id, created: true });
    const start = create.start_revision === '0' ? this.revision + 1 : Number(create.start_revision);
    if (start <= this.compacted) {
      // etcd gives no reason here: the compact revision alone tells.
      stream.send({ watch_id, canceled: true, compact_revision: String(this.compacted) });
      return;
    }
    tell(stream, create, this.eventsFrom(start, create));
    this.#watchers.add({ create, stream });
  }

  /** Ends every stream with UNAVAILABLE, as a member that stops does; new ones are served. */
  cutStreams(): void {
    for (const stream of this.streams) {
      stream.fail(status.UNAVAILABLE, 'the scripted server ended the stream');
    }
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #serve(): void {
    const { script } = this;
    this.#server.addService(etcdService('KV').service, {
      Range: this.#unary<WireRangeRequest>('range', (request, token) => {
        this.ranges.push(request);
        return script.range === undefined ? this.answerRange(request) : script.range(request, token);
      }),
      Put: this.#unary<PutRequest>('put', (request, token) => {
        if (script.put !== undefined) {
          return script.put(request, token);
        }
        this.commit({ key: request.key.toString('latin1'), value: request.value.toString('latin1') });
        return { header: this.header() };
      }),
      Txn: this.#unary('txn', () => script.txn?.() ?? { header: this.header(), succeeded: true }),
    });
    this.#server.addService(etcdService('Auth').service, {
      Authenticate: this.#unary<Parameters<Script['authenticate']>[0]>('authenticate', (user) =>
        script.authenticate === undefined
          ? { token: `token-${this.calls.authenticate}` }
          : script.authenticate(user),
      ),
    });
    this.#server.addService(etcdService('Maintenance').service, {
      Status: this.#unary('status', () => ({ header: this.header(), version: '3.5.0', leader: '1' })),
    });
    this.#server.addService(etcdService('Watch').service, { Watch: this.#stream });
  }

  readonly #stream = (call: ServerDuplexStream<WireWatchRequest, Partial<WireWatchResponse>>): void => {
    const over = (ended: ScriptedStream): void => this.#forgetWatchers((watcher) => watcher.stream === ended);
    const stream = new ScriptedStream(call, () => this.header(), over);
    this.streams.push(stream);
    call.on('data', ({ request_union, create_request, cancel_request }: WireWatchRequest) => {
      if (create_request != null) {
        this.creates.push(create_request);
        const serve = this.script.watch ?? ((create, on) => this.serveWatch(create, on));
        serve(create_request, stream);
      } else if (cancel_request != null) {
        this.#cancel(cancel_request.watch_id, stream);
      } else if (request_union === 'progress_request') {
        this.#tellProgress(stream);
      }
    });
  };

  #cancel(id: string, stream: ScriptedStream): void {
    this.cancelled.push(id);
    this.#forgetWatchers((watcher) => watcher.stream === stream && watcher.create.watch_id === id);
    stream.send({ watch_id: id, canceled: true });
  }

  #tellProgress(stream: ScriptedStream): void {
    this.progressRequests += 1;
    if (this.tellsProgress) {
      stream.send({ watch_id: '-1' });
    }
  }

  #forgetWatchers(which: (watcher: Watcher) => boolean): void {
    for (const watcher of [...this.#watchers].filter(which)) {
      this.#watchers.delete(watcher);
    }
  }

  #unary<Request>(
    name: keyof ScriptedEtcd['calls'],
    answer: (request: Request, token: string | undefined) => Answer<object>,
  ) {
    return (call: ServerUnaryCall<Request, object>, done: sendUnaryData<object>): void => {
      this.calls[name] += 1;
      this.callsWithoutLeader += name === 'status' || call.metadata.get('hasleader')[0] === 'true' ? 0 : 1;
      const answered = async (): Promise<object> =>
        await answer(call.request, call.metadata.get('token')[0]?.toString());
      answered().then(
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

function tell(stream: ScriptedStream, create: WireWatchCreate, events: readonly WireEvent[]): void {
  const own = events.filter(
    ({ kv }) => inRange(create, kv.key) && Number(kv.mod_revision) >= Number(create.start_revision),
  );
  if (own.length > 0) {
    stream.send({ watch_id: create.watch_id, events: own });
  }
}
