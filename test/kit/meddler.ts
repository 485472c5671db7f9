import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { etcdService } from './etcd-wire.ts';
import { ScriptedFailure } from './scripted-etcd.ts';

/** An answer to a keepalive; numbers are decimal text. */
export interface KeepaliveAnswer {
  readonly ID: string;
  readonly TTL: string;
}

/** What a test may replace; without it everything is passed on as it is. */
export interface Meddling {
  /** Called for each unary call with its method, as in `Txn`. `forward` lets etcd carry it out; throwing a ScriptedFailure fails it for the client. */
  call(method: string, forward: () => Promise<object>): Promise<object>;
  /** Keepalive streams are ended with these details as soon as they come. */
  refuseKeepalives: string;
  /** Called for each answer to a keepalive; `deliver` passes one on, now or later or never. */
  keepalive(answer: KeepaliveAnswer, deliver: (answer: KeepaliveAnswer) => void): void;
  /** Called for each response on a watch stream. */
  watch(response: object, deliver: (response: object) => void): void;
}

/** A keepalive stream that has come through. */
export interface MeddledStream {
  /** Keepalives that were received on it. */
  readonly keepalives: { readonly ID: string; readonly atMs: number }[];
  /** Whether either side has ended it. */
  readonly ended: boolean;
  readonly requiresLeader: boolean;
  /** Ends it towards the client. */
  fail(details: string): void;
}

type Reply = (error: (Error & { code?: status; details?: string }) | null, response?: object) => void;

/**
 * A gRPC proxy in front of a real etcd, which loses, delays and alters single answers: what was applied is truly applied, and the client is
 * told something else.
 */
export class Meddler {
  readonly meddling: Partial<Meddling> = {};
  /** Every keepalive stream, in order. */
  readonly keepaliveStreams: MeddledStream[] = [];
  /** How often each unary method was called. */
  readonly calls = new Map<string, number>();
  readonly #server = new Server({ 'grpc.max_receive_message_length': -1 });
  readonly #target: Client;
  #port = 0;

  private constructor(target: string) {
    this.#target = new Client(target, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** Stands in front of that `host:port` or URL. */
  static async start(target: string): Promise<Meddler> {
    const meddler = new Meddler(target.replace(/^https?:\/\//, ''));
    for (const name of ['KV', 'Lease', 'Watch', 'Auth', 'Maintenance'] as const) {
      const { service } = etcdService(name);
      meddler.#server.addService(service, meddler.#handlers(service));
    }
    meddler.#port = await new Promise<number>((resolve, reject) => {
      meddler.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    return meddler;
  }

  /** `127.0.0.1:<port>` */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Keepalives received, on all streams. */
  get keepalives(): number {
    return this.keepaliveStreams.reduce((sum, { keepalives }) => sum + keepalives.length, 0);
  }

  /** Keepalive streams that are open now. */
  get liveStreams(): number {
    return this.keepaliveStreams.filter(({ ended }) => !ended).length;
  }

  close(): void {
    this.#server.forceShutdown();
    this.#target.close();
  }

  #handlers(service: Readonly<Record<string, MethodDefinition<object, object>>>) {
    return Object.fromEntries(
      Object.entries(service).map(([name, definition]): [string, UntypedHandleCall] => [
        name,
        definition.responseStream ? this.#stream(name, definition) : this.#unary(name, definition),
      ]),
    );
  }

  #unary(name: string, { path, requestSerialize, responseDeserialize }: MethodDefinition<object, object>) {
    return (call: ServerUnaryCall<object, object>, done: sendUnaryData<object>): void => {
      this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
      const forward = async (): Promise<object> => {
        const { promise, resolve, reject } = Promise.withResolvers<object>();
        const reply: Reply = (error, response) => (error === null ? resolve(response ?? {}) : reject(error));
        const metadata = passedOn(call.metadata);
        this.#target.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          call.request,
          metadata,
          reply,
        );
        return await promise;
      };
      const answered = this.meddling.call?.(name, forward) ?? forward();
      answered.then(
        (response) => done(null, response),
        (error: { code?: status; details?: string; message: string }) =>
          done({ code: error.code ?? status.INTERNAL, details: error.details ?? error.message }),
      );
    };
  }

  #stream(name: string, { path, requestSerialize, responseDeserialize }: MethodDefinition<object, object>) {
    return (call: ServerDuplexStream<object, object>): void => {
      const upstream = this.#target.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        passedOn(call.metadata),
      );
      const noted = name === 'LeaseKeepAlive' ? this.#note(call, upstream) : undefined;
      const deliver = (response: object): void => {
        if (!call.cancelled) {
          call.write(response);
        }
      };
      call.on('data', (request: object) => {
        noted?.keepalives.push({ ...(request as { ID: string }), atMs: performance.now() });
        upstream.write(request);
      });
      for (const event of ['cancelled', 'end', 'error']) {
        call.on(event, () => upstream.cancel());
      }
      upstream.on('data', (response: object) => this.#meddle(name, response, deliver));
      upstream.on('error', ({ code, details }: { code: status; details: string }) =>
        call.emit('error', { code, details }),
      );
    };
  }

  #meddle(name: string, response: object, deliver: (response: object) => void): void {
    const { keepalive, watch } = this.meddling;
    if (name === 'LeaseKeepAlive' && keepalive !== undefined) {
      keepalive(response as KeepaliveAnswer, deliver);
    } else if (name === 'Watch' && watch !== undefined) {
      watch(response, deliver);
    } else {
      deliver(response);
    }
  }

  #note(call: ServerDuplexStream<object, object>, upstream: ClientDuplexStream<object, object>) {
    const stream = {
      keepalives: [] as { ID: string; atMs: number }[],
      ended: false,
      requiresLeader: call.metadata.get('hasleader')[0] === 'true',
      fail: (details: string): void => {
        call.emit('error', { code: status.UNAVAILABLE, details });
        upstream.cancel();
      },
    };
    for (const event of ['cancelled', 'end', 'error']) {
      call.on(event, () => {
        stream.ended = true;
      });
    }
    this.keepaliveStreams.push(stream);
    if (this.meddling.refuseKeepalives !== undefined) {
      stream.fail(this.meddling.refuseKeepalives);
    }
    return stream;
  }
}

/** Holds back the answers to all keepalives from now on; the returned function lets them go, in their order. */
export function holdKeepalives({ meddling }: Meddler): () => void {
  const held: (() => void)[] = [];
  meddling.keepalive = (answer, deliver) => held.push(() => deliver(answer));
  return () => {
    delete meddling.keepalive;
    for (const deliver of held.splice(0)) {
      deliver();
    }
  };
}

/** Lets etcd carry the call out and loses the answer. */
export async function loseAnswer(forward: () => Promise<object>): Promise<never> {
  await forward();
  throw new ScriptedFailure(status.UNAVAILABLE, 'the answer is lost');
}

/** What the client said besides its request, without what belongs to its connection. */
function passedOn(metadata: Metadata): Metadata {
  const passed = new Metadata();
  for (const name of ['hasleader', 'token']) {
    for (const value of metadata.get(name)) {
      passed.add(name, value);
    }
  }
  return passed;
}
