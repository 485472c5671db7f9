import type { KubeObject, Resource } from '../../src/kube/types.ts';
import type { Reply, ReplyStream, SeenRequest } from './scripted-apiserver.ts';

/** What a fault does to one request: answers it by itself (true), or lets the collection answer. */
export type Fault = (request: SeenRequest, reply: Reply) => boolean;

/** What a fault does to a watch that has been accepted, after the events that it missed. */
export type WatchFault = (stream: ReplyStream) => void;

interface HistoryEvent {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/**
 * The objects of one resource with their history, listed by page and watched as an apiserver does: one revision for every change, events after
 * the revision asked for, 410 for one that is compacted. Faults are added by the test.
 */
export class ScriptedCollection {
  /** First pages of lists that were asked for. */
  lists = 0;
  /** The revision that each watch asked for. */
  readonly watches: number[] = [];
  /** Answers requests in place of the collection, each as long as it says true, the first first. */
  fault: Fault | undefined;
  /** Happens to each watch after what it missed. */
  watchFault: WatchFault | undefined;
  readonly #resource: Resource;
  readonly #objects = new Map<string, KubeObject>();
  readonly #history: HistoryEvent[] = [];
  readonly #streams = new Set<ReplyStream>();
  #revision = 100;
  #oldest = 100;

  constructor(resource: Resource) {
    this.#resource = resource;
  }

  /** What a cache must hold in the end: name to resourceVersion. */
  get content(): Record<string, string | undefined> {
    return contentOf(this.#objects.values());
  }

  get revision(): number {
    return this.#revision;
  }

  get openWatches(): ReplyStream[] {
    return [...this.#streams].filter((stream) => stream.open);
  }

  put(name: string, labels: Record<string, string> = {}): void {
    const type = this.#objects.has(name) ? 'MODIFIED' : 'ADDED';
    const object = this.#objectOf(name, labels);
    this.#objects.set(name, object);
    this.#tell(type, object);
  }

  delete(name: string): void {
    if (this.#objects.delete(name)) {
      this.#tell('DELETED', this.#objectOf(name, {}));
    }
  }

  /** Changes of other objects have moved the revision, without an event for this resource. */
  skipRevisions(count: number): void {
    this.#revision += count;
  }

  /** Forgets all history up to now. */
  compact(): void {
    this.#history.length = 0;
    this.#oldest = this.#revision;
  }

  bookmark(): void {
    for (const stream of this.openWatches) {
      stream.event('BOOKMARK', { metadata: { resourceVersion: String(this.#revision) } });
    }
  }

  /** Answers a request; use it as the apiserver's script. */
  readonly script = (request: SeenRequest, reply: Reply): void => {
    if (this.fault?.(request, reply) === true) {
      return;
    }
    if (request.query.get('watch') === 'true') {
      this.#watch(request, reply);
    } else {
      this.#list(request, reply);
    }
  };

  #list({ query }: SeenRequest, reply: Reply): void {
    const [revision = this.#revision, from = 0] = (query.get('continue') ?? '')
      .split(':')
      .filter((part) => part !== '')
      .map(Number);
    if (!query.has('continue')) {
      this.lists += 1;
    }
    if (revision < this.#oldest) {
      reply.json(410, expired);
      return;
    }
    const all = [...this.#objects.values()];
    const limit = Number(query.get('limit') ?? all.length);
    const next = from + limit < all.length ? `${revision}:${from + limit}` : '';
    reply.json(200, {
      kind: `${this.#resource.kind}List`,
      apiVersion: 'v1',
      metadata: { resourceVersion: String(revision), continue: next },
      items: all.slice(from, from + limit).map(({ metadata }) => ({ metadata })),
    });
  }

  #watch({ query }: SeenRequest, reply: Reply): void {
    const after = Number(query.get('resourceVersion'));
    this.watches.push(after);
    if (after < this.#oldest) {
      reply.json(410, expired);
      return;
    }
    const stream = reply.stream();
    for (const { revision, type, object } of this.#history) {
      if (revision > after) {
        stream.event(type, object);
      }
    }
    this.#streams.add(stream);
    this.watchFault?.(stream);
  }

  #tell(type: HistoryEvent['type'], object: KubeObject): void {
    this.#history.push({ revision: this.#revision, type, object });
    for (const stream of this.openWatches) {
      stream.event(type, object);
    }
  }

  #objectOf(name: string, labels: Record<string, string>): KubeObject {
    this.#revision += 1;
    const metadata = {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      resourceVersion: String(this.#revision),
      labels,
    };
    return { apiVersion: 'v1', kind: this.#resource.kind, metadata };
  }
}

/** Name to resourceVersion. */
export function contentOf(objects: Iterable<KubeObject>): Record<string, string | undefined> {
  return Object.fromEntries(Array.from(objects, ({ metadata }) => [metadata.name, metadata.resourceVersion]));
}

/** The Status of a revision that is compacted. */
export const expired = {
  kind: 'Status',
  status: 'Failure',
  message: 'too old resource version: 90 (100)',
  reason: 'Expired',
  code: 410,
};
