import { malformedError, statusError } from './call-error.ts';
import type { KubeRequest } from './exchange.ts';
import { LineError, lines } from './lines.ts';
import type { KubeObject, WatchEvent } from './types.ts';

/** The longest event that is read. etcd holds objects of at most a few MiB, and JSON is a few times as long. */
const MAX_EVENT_BYTES = 32 * 1024 * 1024;

/** The events in the bytes of a watch. An ERROR event is thrown like a refused call, a broken line as KUBE_MALFORMED. */
export async function* watchEvents<T extends KubeObject>(
  request: KubeRequest,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<WatchEvent<T>> {
  try {
    for await (const line of lines(bytes, MAX_EVENT_BYTES)) {
      yield parseEvent<T>(request, line);
    }
  } catch (error) {
    throw error instanceof LineError ? malformedError(request, error.message) : error;
  }
}

interface RawEvent {
  readonly type?: unknown;
  readonly object?: {
    readonly code?: unknown;
    readonly metadata?: { readonly name?: unknown; readonly resourceVersion?: unknown };
  };
}

function parseEvent<T extends KubeObject>(request: KubeRequest, line: string): WatchEvent<T> {
  const event = parseJson(line);
  if (event?.type === 'ERROR') {
    const code = event.object?.code;
    throw statusError(request, typeof code === 'number' ? code : 500, event.object);
  }
  const { name, resourceVersion } = event?.object?.metadata ?? {};
  const known = event?.type === 'ADDED' || event?.type === 'MODIFIED' || event?.type === 'DELETED';
  const whole =
    typeof resourceVersion === 'string' && (known ? typeof name === 'string' : event?.type === 'BOOKMARK');
  if (!whole) {
    throw malformedError(request, 'what is no event of a watch');
  }
  return event as WatchEvent<T>;
}

function parseJson(line: string): RawEvent | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
