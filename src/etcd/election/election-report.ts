import { codeOf, messageOf } from '../../errors.ts';
import type { Leader } from '../../leadership/elector.ts';
import { LeaderNews } from '../../leadership/leader-news.ts';
import { showKey } from '../key.ts';
import type { LeaseLoss } from '../lease/lease-types.ts';
import type { ElectionDeps, Obstacle } from './election-types.ts';
import type { Candidate, Standings } from './standings.ts';

const warnings: Record<Obstacle['kind'], string> = {
  'without-lease': 'a key without a lease stands in the election, nobody can lead after it; delete it',
  'foreign-name':
    "a key under the election's name is no candidate's; does --election-name begin the name of another election?",
  'same-identity': 'another candidate bears our identity; give each replica one of its own',
};

/** What an election tells of itself: the leader to listeners, the rest to observer and log, each when it changes. */
export class ElectionReport {
  readonly #deps: ElectionDeps;
  readonly #news: LeaderNews;
  #obstacles: readonly Obstacle[] = [];
  /** Code of what keeps us from standing. */
  #failure: string | undefined;

  constructor(deps: ElectionDeps) {
    this.#deps = deps;
    this.#news = new LeaderNews(deps.log);
  }

  get leader(): Leader | undefined {
    return this.#news.leader;
  }

  onLeader(listener: (leader: Leader | undefined) => void): () => void {
    return this.#news.onLeader(listener);
  }

  standing(own: Candidate): void {
    this.failing(undefined);
    this.#deps.log.info({ key: showKey(own.key) }, 'we stand for election');
    this.#deps.observer?.standing?.(own.createRevision);
  }

  leaseLost(reason: LeaseLoss): void {
    this.#deps.observer?.leaseLost?.(reason);
  }

  failing(error: unknown): void {
    const failure = error === undefined ? undefined : (codeOf(error) ?? 'ETCD_FAILED');
    if (failure === this.#failure) {
      return;
    }
    this.#failure = failure;
    if (error === undefined) {
      this.#deps.log.info({}, 'the election goes on');
    } else {
      this.#deps.log.warn(
        { reason: failure, problem: messageOf(error) },
        'the election cannot go on; it is tried again',
      );
    }
    this.#deps.observer?.failing?.(
      error === undefined || error instanceof Error ? error : new Error(messageOf(error)),
    );
  }

  /** The keys were read. */
  seen(own: Candidate, { candidates }: Standings, obstacles: readonly Obstacle[]): void {
    const [first] = candidates;
    this.#news.tell(
      first === undefined
        ? undefined
        : {
            identity: first.identity,
            key: showKey(first.key),
            term: first.createRevision,
            own: first.key === own.key,
          },
    );
    this.#blocked(obstacles);
  }

  /** Our term is over; who leads now is not known yet. */
  deposed(own: Candidate): void {
    if (this.#news.leader?.key === showKey(own.key)) {
      this.#news.tell(undefined);
    }
  }

  #blocked(obstacles: readonly Obstacle[]): void {
    const known = new Set(this.#obstacles.map(idOf));
    const fresh = obstacles.filter((obstacle) => !known.has(idOf(obstacle)));
    if (fresh.length === 0 && obstacles.length === known.size) {
      return;
    }
    this.#obstacles = obstacles;
    for (const { key, kind } of fresh) {
      this.#deps.log.warn({ key: showKey(key) }, warnings[kind]);
    }
    this.#deps.observer?.obstacles?.(obstacles);
  }
}

function idOf({ key, kind }: Obstacle): string {
  return `${kind} ${key}`;
}
