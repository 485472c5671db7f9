import { keyOf, prefixRange } from '../../src/etcd/key.ts';
import type { Change, KeyRange, MirroredRange, RegistrySource } from '../../src/etcd/types.ts';
import type { HistoryEvent, RawEtcd } from './raw-etcd.ts';

/** What a recorded range was told that etcd's own history does not bear out. All zero means: nothing lost, nothing invented. */
export interface Verdict {
  /** Events of the history that were never told. */
  readonly lost: number;
  /** Events told twice. */
  readonly duplicates: number;
  /** Events told that etcd does not have. */
  readonly invented: number;
  /** Events told after one of a later revision. */
  readonly outOfOrder: number;
  /** Revisions of which a part was told in one call and a part in another. */
  readonly torn: number;
  /** Keys whose value differs between etcd, the mirror, and the sum of what was told. */
  readonly contentDiffers: number;
}

export const faultless: Verdict = {
  lost: 0,
  duplicates: 0,
  invented: 0,
  outOfOrder: 0,
  torn: 0,
  contentDiffers: 0,
};

/** Follows one range of a mirror and notes everything it is told. */
export class Recorder {
  readonly range: KeyRange;
  readonly prefix: string;
  /** The changes of each call, in order. */
  readonly calls: (readonly Change[])[] = [];
  /** How often `synced` was called. */
  syncedCalls = 0;
  /** The failure of the range after each change of it; undefined where it had gone. */
  readonly failures: (Error | undefined)[] = [];
  /** How many calls of `changed` came before the range was synced: the first list. */
  callsBeforeSynced = 0;
  /** What a person would have who believed every change. */
  readonly told = new Map<string, string>();
  readonly mirrored: MirroredRange;

  readonly #busyMs: number;

  /** Follows all keys that begin with `prefix`, one char per byte; a slow recorder blocks for `busyMs` in each call. */
  constructor(source: RegistrySource, prefix: string, busyMs = 0) {
    this.prefix = prefix;
    this.#busyMs = busyMs;
    this.range = prefixRange(keyOf(prefix));
    this.mirrored = source.follow(this.range, {
      changed: (changes) => this.#note(changes),
      synced: () => {
        this.syncedCalls += 1;
        this.callsBeforeSynced = this.calls.length;
      },
      failureChanged: () => this.failures.push(this.mirrored.failure?.error),
    });
  }

  get synced(): boolean {
    return this.syncedCalls > 0;
  }

  /** Every change told after the first list. */
  get changes(): readonly Change[] {
    return this.calls.slice(this.callsBeforeSynced).flat();
  }

  /** Forgets what was noted so far, but not the content; what follows counts from here. */
  startOver(): void {
    this.calls.length = 0;
    this.callsBeforeSynced = 0;
  }

  #note(changes: readonly Change[]): void {
    const until = performance.now() + this.#busyMs;
    while (performance.now() < until) {
      // Blocks, as a consumer does that has much to compute.
    }
    this.calls.push(changes);
    for (const { key, registration } of changes) {
      if (registration === undefined) {
        this.told.delete(key);
      } else {
        this.told.set(key, registration.value);
      }
    }
  }
}

/** Compares what was told after the first list with etcd's own history from `fromRevision` on, and the content with etcd's. */
export async function judge(recorder: Recorder, etcd: RawEtcd, fromRevision: number): Promise<Verdict> {
  const history = await etcd.history(fromRevision, recorder.prefix);
  return {
    ...judgeEvents(recorder.calls.slice(recorder.callsBeforeSynced), history),
    contentDiffers: await contentDifference(recorder, etcd),
  };
}

/** The number of keys that differ between etcd, the mirror, and the sum of what the recorder was told. */
export async function contentDifference(recorder: Recorder, etcd: RawEtcd): Promise<number> {
  const truth = new Map(
    [...(await etcd.content(recorder.prefix))].map(([key, kv]) => [key, kv.value.toString('latin1')]),
  );
  const mirrored = new Map(
    [...recorder.mirrored.registrations].map(([key, { value }]) => [String(key), String(value)]),
  );
  const keys = new Set([...truth.keys(), ...mirrored.keys(), ...recorder.told.keys()]);
  return [...keys].filter(
    (key) => truth.get(key) !== mirrored.get(key) || truth.get(key) !== recorder.told.get(key),
  ).length;
}

/** The six guarantees of an etcd watch, over what was told in each call. Pure. */
export function judgeEvents(
  calls: readonly (readonly Change[])[],
  history: readonly HistoryEvent[],
): Omit<Verdict, 'contentDiffers'> {
  const expected = new Set(history.map(({ revision, key, value }) => identity(revision, key, value)));
  const told = calls.flatMap((changes, call) =>
    changes.map(({ key, registration, revision }) => ({
      call,
      revision,
      event: identity(revision, key, registration?.value),
    })),
  );
  const seen = new Set(told.map(({ event }) => event));
  const revisions = new Set(told.map(({ revision }) => revision));
  const parts = new Set(told.map(({ call, revision }) => `${call}/${revision}`));
  return {
    lost: expected.difference(seen).size,
    duplicates: told.length - seen.size,
    invented: seen.difference(expected).size,
    outOfOrder: told.filter(({ revision }, index) => revision < (told[index - 1]?.revision ?? 0)).length,
    torn: parts.size - revisions.size,
  };
}

function identity(revision: number, key: string, value: string | undefined): string {
  return JSON.stringify([revision, key, value]);
}
