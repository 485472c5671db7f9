/**
 * Follows the objects of one resource: a list, then watches from its revision on. Modelled on client-go's reflector.
 *
 * Lists are consistent reads (no resourceVersion): they go through pages, and never go back in time after a restart or a failover
 * to an apiserver with an older cache, as resourceVersion=0 may. Since 1.31 the apiserver serves them from its cache all the same.
 */
import { type BackoffOptions, backoffMs } from '../backoff.ts';
import { type Clock, sleep } from '../clock.ts';
import { hasCode, RetryableError } from '../errors.ts';
import type { KubeLog } from './options.ts';
import type { KubeObject, KubeStreams, ListOptions, Resource, WatchEvent } from './types.ts';

/** Where the objects go. Calls are synchronous. */
export interface ObjectSink<T extends KubeObject> {
  /** A list begins, perhaps again: what it does not put is gone when it has ended. */
  listBegins(): void;
  put(object: T): void;
  remove(object: T): void;
  listEnds(): void;
}

export interface ListWatchDeps {
  readonly clock: Clock;
  readonly log: KubeLog;
  readonly random: () => number;
  readonly backoff: BackoffOptions;
  /** For what an administrator has to mend: a right that is missing, a CRD that is not installed. */
  readonly refusedBackoff: BackoffOptions;
  /** Why there is no list or watch now; undefined when there is one again. */
  readonly onProblem: (problem: Error | undefined) => void;
}

/** A watch that lived so long, in milliseconds, was a good one; one that ends at once without an event is not repeated at once. */
const GOOD_WATCH_MS = 1000;
/** So many refusals of a revision as too large, and the apiserver's storage has gone back in time: list again. */
const MOST_TOO_LARGE = 5;

export class ListWatch<T extends KubeObject> {
  readonly #streams: KubeStreams;
  readonly #resource: Resource<T>;
  readonly #options: ListOptions;
  readonly #sink: ObjectSink<T>;
  readonly #deps: ListWatchDeps;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** Revision that the sink is exact at; undefined before the first list and when the apiserver has forgotten it. */
  #revision: string | undefined;
  #failures = 0;
  #tooLarge = 0;
  /** When the watch under way was accepted, monotonic; undefined while there is none. */
  #acceptedAt: number | undefined;
  /** What the last turn failed with; undefined where it was a good watch. */
  #told: string | undefined;

  constructor(
    streams: KubeStreams,
    resource: Resource<T>,
    options: ListOptions,
    sink: ObjectSink<T>,
    deps: ListWatchDeps,
  ) {
    this.#streams = streams;
    this.#resource = resource;
    this.#options = options;
    this.#sink = sink;
    this.#deps = deps;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Nothing reaches the sink from the moment of the call on. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const failure = await this.#turn();
      if (this.#stopped) {
        return;
      }
      await sleep(this.#deps.clock, this.#pauseAfter(failure), this.#stop.signal);
    }
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Lists if need be, then watches until that ends; returns what ended it, undefined for the apiserver's own regular end. */
  async #turn(): Promise<unknown> {
    this.#acceptedAt = undefined;
    try {
      this.#revision ??= await this.#list();
      await this.#watch(this.#revision);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  async #list(): Promise<string> {
    try {
      return await this.#listPages(false);
    } catch (error) {
      // The list grew older than the apiserver remembers while it was read: once more, in one piece (client-go's pager does so).
      if (hasCode(error, 'KUBE_EXPIRED')) {
        return await this.#listPages(true);
      }
      throw error;
    }
  }

  async #listPages(whole: boolean): Promise<string> {
    let revision = '';
    this.#sink.listBegins();
    for await (const page of this.#streams.pages(
      this.#resource,
      { ...this.#options, whole },
      this.#stop.signal,
    )) {
      for (const object of page.items) {
        this.#hand('put', object);
      }
      revision = page.resourceVersion;
    }
    this.#stop.signal.throwIfAborted();
    this.#sink.listEnds();
    return revision;
  }

  async #watch(resourceVersion: string): Promise<void> {
    const options = { ...this.#options, resourceVersion };
    const accepted = (): void => {
      this.#acceptedAt = this.#deps.clock.monotonic();
      this.#deps.onProblem(undefined);
    };
    for await (const event of this.#streams.watch(this.#resource, options, this.#stop.signal, accepted)) {
      this.#apply(event);
    }
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === 'DELETED') {
      this.#hand('remove', event.object);
    } else if (event.type !== 'BOOKMARK') {
      this.#hand('put', event.object);
    }
    this.#revision = event.object.metadata.resourceVersion;
    this.#failures = 0;
    this.#tooLarge = 0;
  }

  /** An object that its user cannot take costs that object alone, never the watch. */
  #hand(how: 'put' | 'remove', object: T): void {
    if (this.#stopped) {
      return;
    }
    try {
      this.#sink[how](object);
    } catch (error) {
      const { namespace, name } = object.metadata;
      this.#deps.log.warn(
        { resource: this.#resource.plural, namespace, name, error },
        'An object could not be handled',
      );
    }
  }

  /** What a turn's end means for the next one: its revision, and how long to wait in milliseconds. */
  #pauseAfter(failure: unknown): number {
    if (this.#wasGood()) {
      this.#failures = 0;
      this.#told = undefined;
      if (failure === undefined) {
        return 0;
      }
    }
    this.#failures += 1;
    if (this.#mustListAgain(failure)) {
      this.#revision = undefined;
      this.#tooLarge = 0;
    }
    const pauseMs = this.#backoff(failure);
    if (failure !== undefined) {
      this.#tell(failure, pauseMs);
    }
    return pauseMs;
  }

  #wasGood(): boolean {
    const { clock } = this.#deps;
    return this.#acceptedAt !== undefined && clock.monotonic() - this.#acceptedAt >= GOOD_WATCH_MS;
  }

  /** Only a revision that the apiserver has forgotten, or will not reach again, asks for a list. */
  #mustListAgain(failure: unknown): boolean {
    if (hasCode(failure, 'KUBE_REVISION_TOO_LARGE')) {
      this.#tooLarge += 1;
    }
    return hasCode(failure, 'KUBE_EXPIRED') || this.#tooLarge >= MOST_TOO_LARGE;
  }

  #backoff(failure: unknown): number {
    if (this.#failures === 1 && hasCode(failure, 'KUBE_EXPIRED')) {
      return 0;
    }
    const { backoff, refusedBackoff, random } = this.#deps;
    const isRefused = hasCode(failure, 'KUBE_FORBIDDEN') || hasCode(failure, 'KUBE_NOT_SERVED');
    const options = isRefused ? refusedBackoff : backoff;
    const asked = failure instanceof RetryableError ? (failure.retryAfterMs ?? 0) : 0;
    return Math.max(backoffMs(this.#failures - 1, { random, ...options }), asked);
  }

  /**
   * A good watch that ends is nothing that a person need know: the next one goes on where it ended, and a quiet one is replaced every now
   * and then. What keeps failing is told once, until there was a good watch again or it fails in another way.
   */
  #tell(failure: unknown, pauseMs: number): void {
    const problem = failure instanceof Error ? failure : new Error(String(failure));
    this.#deps.onProblem(problem);
    const isWorthTelling = !this.#wasGood() && problem.message !== this.#told;
    this.#told = this.#wasGood() ? undefined : problem.message;
    this.#deps.log[isWorthTelling ? 'warn' : 'debug'](
      {
        resource: this.#resource.plural,
        namespace: this.#options.namespace,
        error: problem,
        again: this.#revision === undefined ? 'list' : 'watch',
        inMs: Math.round(pauseMs),
      },
      'List or watch ended, will begin again',
    );
  }
}
