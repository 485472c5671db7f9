/** The verbs that change nothing: get, list, watch and discovery. */
import { type BackoffOptions, backoffMs } from '../backoff.ts';
import { type Clock, sleep } from '../clock.ts';
import { hasCode, RetryableError } from '../errors.ts';
import { nextPageSize, type PageSize } from '../page-size.ts';
import type { KubeRequest } from './exchange.ts';
import type { KubeDeps } from './options.ts';
import { collectionPath, groupPath, namespaceOf, objectPath, selectors, withQuery } from './paths.ts';
import type { Called, Transport } from './transport.ts';
import type {
  KubeObject,
  KubeReader,
  KubeStreams,
  ListOptions,
  ListPage,
  Resource,
  WatchEvent,
} from './types.ts';
import { watchEvents } from './watch-events.ts';

export interface ReadLimits {
  readonly callTimeoutMs: number;
  readonly listTimeoutMs: number;
  readonly watchIdleMs: number;
  readonly pageSize: number;
}

/** No resource of the API, but named like one in messages. */
const VERSION: Resource = { group: '', version: '', plural: 'version', kind: 'Version', namespaced: false };
/** Asks for objects without spec and status; a server that cannot do so sends them whole. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
/** How often a read is repeated in place before its failure is the caller's. */
const READ_REPEATS = 2;
/** So many slices of 1000 endpoints are 8 MB. */
const FIRST_PAGE = 64;
/** Characters of JSON that a page aims at: parsed and handed over in some 10 ms, and gone before it is moved to old space. */
const PAGE_LENGTH = 1024 * 1024;
const READ_BACKOFF: BackoffOptions = { baseMs: 200, maxMs: 2000, jitter: 0.5 };
/** A server that asks for a longer pause is not waited for in place. */
const LONGEST_WAIT_IN_PLACE_MS = 3000;
/** The apiserver ends a watch after this at random, so that watches spread over its replicas (client-go: 5 to 10 min). */
const WATCH_SECONDS = { least: 300, spread: 300 };
/** What a watch may outlive the end that it asked for, in milliseconds. */
const WATCH_GRACE_MS = 30_000;

/** Reads are repeated a few times where the apiserver is busy or away: nothing can come through twice. */
export class Reads implements KubeReader, KubeStreams {
  readonly #transport: Transport;
  readonly #limits: ReadLimits;
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(transport: Transport, limits: ReadLimits, deps: Pick<KubeDeps, 'clock' | 'random'>) {
    this.#transport = transport;
    this.#limits = limits;
    this.#clock = deps.clock;
    this.#random = deps.random ?? Math.random;
  }

  async get<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    namespace?: string,
  ): Promise<T | undefined> {
    const target = namespace === undefined ? { name } : { name, namespace };
    try {
      return (await this.#read({
        verb: 'get',
        method: 'GET',
        resource,
        ...target,
        path: objectPath(resource, target),
        deadlineMs: this.#limits.callTimeoutMs,
      })) as T;
    } catch (error) {
      if (hasCode(error, 'KUBE_NOT_FOUND')) {
        return undefined;
      }
      throw error;
    }
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: PageOptions): Promise<readonly T[]> {
    try {
      return await this.#collect(resource, options);
    } catch (error) {
      if (hasCode(error, 'KUBE_EXPIRED')) {
        return await this.#collect(resource, { ...options, whole: true });
      }
      throw error;
    }
  }

  async serves(resource: Resource): Promise<boolean> {
    try {
      const served = (await this.#read({
        verb: 'get',
        method: 'GET',
        resource,
        path: groupPath(resource),
        deadlineMs: this.#limits.callTimeoutMs,
      })) as {
        readonly resources?: readonly { readonly name: string; readonly verbs?: readonly string[] }[];
      };
      const found = served.resources?.find(({ name }) => name === resource.plural);
      // Of a CRD that is being deleted the apiserver names the verbs that read and delete alone.
      return found !== undefined && found.verbs?.includes('create') !== false;
    } catch (error) {
      if (hasCode(error, 'KUBE_NOT_SERVED')) {
        return false;
      }
      throw error;
    }
  }

  async version(): Promise<string> {
    const answer = (await this.#read({
      verb: 'get',
      method: 'GET',
      resource: VERSION,
      path: '/version',
      deadlineMs: this.#limits.callTimeoutMs,
    })) as { readonly gitVersion?: unknown };
    return String(answer.gitVersion);
  }

  async *pages<T extends KubeObject>(
    resource: Resource<T>,
    options: PageOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<ListPage<T>> {
    const path = collectionPath(resource, options.namespace);
    const most = this.#limits.pageSize;
    let size: PageSize = { limit: Math.min(FIRST_PAGE, most), targetBytes: PAGE_LENGTH, most };
    let next: string | undefined;
    do {
      const limit = options.whole === true ? undefined : size.limit;
      const { body, length } = await this.#call(
        {
          verb: 'list',
          method: 'GET',
          resource,
          ...namespaceOf(options),
          path: withQuery(path, { ...selectors(options), limit, continue: next }),
          deadlineMs: this.#limits.listTimeoutMs,
          ...(options.metadataOnly === true ? { accept: METADATA_ONLY } : {}),
        },
        signal,
      );
      const page = body as RawList<T>;
      const items = (page.items ?? []).map((item) => withKind(resource, item));
      yield { items, resourceVersion: page.metadata?.resourceVersion ?? '' };
      next = page.metadata?.continue;
      size = nextPageSize(size, items.length, length);
    } while (next !== undefined && next !== '');
  }

  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions & { readonly resourceVersion: string },
    signal: AbortSignal,
    accepted: () => void,
  ): AsyncGenerator<WatchEvent<T>> {
    const timeoutSeconds = Math.round(WATCH_SECONDS.least + WATCH_SECONDS.spread * this.#random());
    const query = {
      ...selectors(options),
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds,
    };
    const request: KubeRequest = {
      verb: 'watch',
      method: 'GET',
      resource,
      ...namespaceOf(options),
      path: withQuery(collectionPath(resource, options.namespace), query),
      deadlineMs: timeoutSeconds * 1000 + WATCH_GRACE_MS,
    };
    yield* watchEvents<T>(
      request,
      this.#transport.stream(request, this.#limits.watchIdleMs, signal, accepted),
    );
  }

  async #read(request: KubeRequest): Promise<unknown> {
    return (await this.#call(request)).body;
  }

  async #call(request: KubeRequest, signal?: AbortSignal): Promise<Called> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#transport.call(request, { signal });
      } catch (error) {
        const waitMs = attempt < READ_REPEATS ? this.#waitBeforeRepeat(error, attempt) : undefined;
        if (waitMs === undefined) {
          throw error;
        }
        await sleep(this.#clock, waitMs, signal);
      }
    }
  }

  /** Undefined where repeating at once is of no use. */
  #waitBeforeRepeat(error: unknown, attempt: number): number | undefined {
    const worthIt = hasCode(error, 'KUBE_UNAVAILABLE') || hasCode(error, 'KUBE_TOO_MANY_REQUESTS');
    if (!(worthIt && error instanceof RetryableError)) {
      return undefined;
    }
    const backoff = backoffMs(attempt, { ...READ_BACKOFF, random: this.#random });
    const waitMs = Math.max(backoff, error.retryAfterMs ?? 0);
    return waitMs <= LONGEST_WAIT_IN_PLACE_MS ? waitMs : undefined;
  }

  async #collect<T extends KubeObject>(resource: Resource<T>, options: PageOptions): Promise<T[]> {
    const items: T[] = [];
    for await (const page of this.pages(resource, options)) {
      for (const item of page.items) {
        items.push(item);
      }
    }
    return items;
  }
}

interface PageOptions extends ListOptions {
  /** One page without a limit. */
  readonly whole?: boolean;
  readonly metadataOnly?: boolean;
}

interface RawList<T> {
  readonly items?: readonly T[] | null;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}

/** Items of a list lack what the list says once. */
function withKind<T extends KubeObject>(resource: Resource<T>, item: T): T {
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return { apiVersion, kind: resource.kind, ...(item as object) } as T;
}
