import { type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import type { EtcdError } from '../errors.ts';

export interface StreamHandler<Response> {
  message(response: Response): void;
  /** The stream is over, for whatever reason but our own cancel. Called at most once, and nothing after it. */
  ended(error: EtcdError): void;
}

export interface EtcdStream<Request> {
  send(request: Request): void;
  /** Ends the stream at once; nothing is called back afterwards. */
  cancel(): void;
  /** Has the server keep back what it has to say; a few messages may be on their way. */
  pause(): void;
  resume(): void;
}

/** Tames a gRPC stream: one end, whichever of its events tells it first, and none after a cancel. A handler that throws ends the stream. */
export function openStream<Request, Response>(
  call: ClientDuplexStream<Request, Response>,
  handler: StreamHandler<Response>,
  describe: (error: Partial<ServiceError>) => EtcdError,
): EtcdStream<Request> {
  let open = true;
  const end = (error: Partial<ServiceError>): void => {
    if (open) {
      open = false;
      handler.ended(describe(error));
    }
  };
  call.on('data', (response: Response) => {
    if (!open) {
      return;
    }
    try {
      handler.message(response);
    } catch (error) {
      call.cancel();
      end({ code: status.INTERNAL, details: `a message could not be handled: ${error}` });
    }
  });
  call.on('error', end);
  call.on('status', ({ details }) =>
    end({ code: status.UNAVAILABLE, details: details || 'the server ended the stream' }),
  );
  return {
    send: (request) => {
      if (open) {
        call.write(request);
      }
    },
    cancel: () => {
      open = false;
      call.cancel();
    },
    pause: () => void call.pause(),
    resume: () => void call.resume(),
  };
}
