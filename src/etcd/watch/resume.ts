import type { WatchAnswer } from '../client/watch-answer.ts';
import type { Change, Revision } from '../types.ts';

/** Where a watch stands: what it knows of the history that it follows. Immutable; {@link advance} gives the next one. */
export interface Position {
  /** The first revision that has not been told yet: where the watch resumes. */
  readonly next: Revision;
  /** The cluster whose history this is. */
  readonly clusterId: string;
  /** Changes of one revision of which more may come, as they have come: a revision of a hundred thousand is put together once. */
  readonly fragments: readonly (readonly Change[])[];
}

/** Why a watch cannot go on from where it stands. */
export type LossReason =
  | 'compacted'
  | 'watch-ended'
  | 'cluster-changed'
  | 'message-too-large'
  | 'message-unreadable';

/** What a message means to the watch that it is for. */
export type Step =
  /** The server has taken up the watch; `behind` where it does not know yet of the revision that the watch has seen. */
  | { readonly kind: 'created'; readonly behind: boolean }
  /** Whole revisions, or none at all where only the position moves (`progress`). */
  | { readonly kind: 'changed'; readonly changes: readonly Change[]; readonly position: Position }
  /** Part of a revision, of which more may come. */
  | { readonly kind: 'partial'; readonly position: Position }
  | { readonly kind: 'lost'; readonly reason: LossReason }
  /** The server does not take up the watch; in its words, why. */
  | { readonly kind: 'refused'; readonly reason: string };

export function positionAfter(revision: Revision, clusterId: string): Position {
  return { next: revision + 1, clusterId, fragments: [] };
}

/**
 * The rule of resumption (etcd, client/v3/watch.go, watchGrpcStream.serveSubstream): the next revision moves to the last event's plus one;
 * to the header's plus one on an answer without events; never on `created`, whose header is the newest revision whatever has been told, nor
 * on `canceled`. Anything older than `next` has been told already and is dropped. An answer that cannot be read would come again wherever
 * the watch goes on, so that only a list helps.
 */
export function advance(position: Position, answer: WatchAnswer): Step {
  if (!answer.isReadable) {
    return { kind: 'lost', reason: 'message-unreadable' };
  }
  if (isOtherCluster(position, answer)) {
    return { kind: 'lost', reason: 'cluster-changed' };
  }
  if (answer.canceled) {
    return endOf(answer);
  }
  if (answer.created) {
    return { kind: 'created', behind: answer.revision !== 0 && answer.revision < position.next - 1 };
  }
  return moved(position, answer);
}

function isOtherCluster(position: Position, answer: WatchAnswer): boolean {
  return answer.clusterId !== '0' && answer.clusterId !== position.clusterId;
}

function endOf(answer: WatchAnswer): Step {
  if (answer.compactRevision !== 0) {
    return { kind: 'lost', reason: 'compacted' };
  }
  return answer.created
    ? { kind: 'refused', reason: answer.cancelReason }
    : { kind: 'lost', reason: 'watch-ended' };
}

function moved(position: Position, answer: WatchAnswer): Step {
  const fresh = answer.changes.filter((change) => change.revision >= position.next);
  if (answer.fragment && isOfOneRevision(position.fragments, fresh)) {
    const fragments = fresh.length === 0 ? position.fragments : [...position.fragments, fresh];
    return { kind: 'partial', position: { ...position, fragments } };
  }
  const all = [...position.fragments.flat(), ...fresh];
  const changes = answer.fragment ? withoutLastRevision(all) : all;
  const fragments = changes.length === all.length ? [] : [all.slice(changes.length)];
  const seen = changes.at(-1)?.revision ?? (answer.changes.length === 0 ? answer.revision : 0);
  const next = Math.max(position.next, seen + 1);
  return { kind: 'changed', changes, position: { ...position, next, fragments } };
}

/** Whether there is nothing yet that could be told; true of nothing at all. */
function isOfOneRevision(fragments: Position['fragments'], fresh: readonly Change[]): boolean {
  const first = fragments[0]?.[0] ?? fresh[0];
  return fresh.length === 0 || fresh.at(-1)?.revision === first?.revision;
}

/** What follows may be of the last revision, too; those before it are whole. */
function withoutLastRevision(changes: readonly Change[]): readonly Change[] {
  const last = changes.at(-1)?.revision;
  const start = changes.findIndex(({ revision }) => revision === last);
  return changes.slice(0, start);
}
