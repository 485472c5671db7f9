import type { ServerDuplexStream, status } from '@grpc/grpc-js';
import type { WireHeader, WireWatchRequest, WireWatchResponse } from './etcd-wire.ts';

type Call = ServerDuplexStream<WireWatchRequest, Partial<WireWatchResponse>>;

/** One watch stream as a scripted etcd holds it. */
export class ScriptedStream {
  /** The auth token that the stream was opened with. */
  readonly token: string | undefined;
  /** Whether the client asked for a member with a leader. */
  readonly requiresLeader: boolean;
  readonly #call: Call;
  readonly #header: () => WireHeader;
  readonly #over: () => void;
  #ended = false;

  /** `header` gives the header of a response; `over` is called once, when either side has ended the stream. */
  constructor(call: Call, header: () => WireHeader, over: (stream: ScriptedStream) => void) {
    this.token = call.metadata.get('token')[0]?.toString();
    this.requiresLeader = call.metadata.get('hasleader')[0] === 'true';
    this.#call = call;
    this.#header = header;
    this.#over = () => {
      if (!this.ended) {
        this.#ended = true;
        over(this);
      }
    };
    for (const event of ['cancelled', 'end', 'error']) {
      call.on(event, this.#over);
    }
  }

  /** Whether the stream is over, by either side. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a response; what is left out is the header of the store now, and the protocol's defaults. */
  send(response: Partial<WireWatchResponse>): void {
    if (!this.ended) {
      this.#call.write({ header: this.#header(), ...response });
    }
  }

  /** Ends the stream with that status. */
  fail(code: status, details: string): void {
    if (!this.ended) {
      this.#over();
      this.#call.emit('error', { code, details });
    }
  }
}
