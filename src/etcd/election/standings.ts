import { bufferOf } from '../bytes.ts';
import type { Key, Registration, Revision } from '../types.ts';
import { isCandidateKey } from './election-name.ts';
import type { Obstacle } from './election-types.ts';

/** A candidate's key as etcd holds it; our own as we created it. */
export interface Candidate {
  readonly key: Key;
  /** Candidates lead in the order of these. */
  readonly createRevision: Revision;
  /** Lease id in decimal, `'0'` without a lease. */
  readonly lease: string;
  /** What the candidate proposes. */
  readonly identity: string;
}

/** Who stands for election, and what is in the way. */
export interface Standings {
  /** In the order in which they lead: the first is the leader. */
  readonly candidates: readonly Candidate[];
  readonly obstacles: readonly Obstacle[];
}

/** Where a candidate stands: `gone` means that its key is no longer the one that it created. */
export type Position = 'gone' | 'first' | 'behind';

/**
 * Reads what stands under an election's name. Only `<name>/<hex>` is a candidate. A key of another form, such as that of an election whose name
 * begins with ours, cannot have come from a candidate, and waiting for it would be waiting for something that never leads. etcd's own clients do
 * wait for it: that keeps them from leading, and so never makes two leaders.
 */
export function standingsOf(name: string, registrations: Iterable<Registration>): Standings {
  const candidates: Candidate[] = [];
  const obstacles: Obstacle[] = [];
  for (const registration of registrations) {
    const { key, lease } = registration;
    if (!isCandidateKey(name, key)) {
      obstacles.push({ key, kind: 'foreign-name' });
      continue;
    }
    candidates.push(candidateOf(registration));
    if (lease === '0') {
      obstacles.push({ key, kind: 'without-lease' });
    }
  }
  return { candidates: candidates.sort((a, b) => a.createRevision - b.createRevision), obstacles };
}

export function candidateOf({ key, createRevision, lease, value }: Registration): Candidate {
  return { key, createRevision, lease, identity: bufferOf(value).toString('utf8') };
}

export function positionOf(own: Candidate, { candidates }: Standings): Position {
  const index = candidates.findIndex(({ key }) => key === own.key);
  const found = candidates[index];
  if (found === undefined || !isSameCandidacy(own, found)) {
    return 'gone';
  }
  return index === 0 ? 'first' : 'behind';
}

/** Whether the key is still the one that the candidate created: neither deleted and made again, nor put by somebody without its lease. */
export function isSameCandidacy(
  own: Candidate,
  found: Pick<Candidate, 'createRevision' | 'lease'> | undefined,
): boolean {
  return found?.createRevision === own.createRevision && found.lease === own.lease;
}

/** All that is in the way, as the candidate sees it. A key of ours from before a restart is older than `own` and goes with its lease. */
export function obstaclesFor(own: Candidate, { candidates, obstacles }: Standings): readonly Obstacle[] {
  const doubles = candidates
    .filter(
      ({ identity, createRevision }) => identity === own.identity && createRevision > own.createRevision,
    )
    .map(({ key }) => ({ key, kind: 'same-identity' as const }));
  return [...obstacles, ...doubles];
}
