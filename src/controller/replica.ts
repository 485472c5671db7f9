import type { EtcdService } from '../api/etcd-service.ts';
import { type Cache, objectKey } from '../kube/types.ts';
import type { Elector } from '../leadership/elector.ts';
import type { Term } from '../leadership/term.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Leadership } from './leadership.ts';
import type { Reconciler } from './reconciler.ts';
import type { WorkQueue } from './work-queue.ts';

export interface ReplicaDeps {
  readonly queue: WorkQueue;
  readonly workers: number;
  readonly reconciler: Reconciler;
  readonly leadership: Leadership;
  /** Undefined where there is no election: this replica leads for as long as it runs. */
  readonly elector: Elector | undefined;
  readonly etcdServices: Cache<EtcdService>;
  /** Whether a standby follows etcd. */
  readonly isWarm: boolean;
  readonly log: Logger;
  /** A term has begun, for the Event that tells of it. */
  readonly began: (term: Term) => void;
}

/**
 * Runs one replica until the signal aborts: it stands by, following what the leader follows and writing nothing, and while it leads it
 * reconciles. At the end what is under way is drained before the lead is given up, so that the next leader finds it done.
 */
export async function runReplica(deps: ReplicaDeps, signal: AbortSignal): Promise<void> {
  const { queue, workers, reconciler, leadership, elector, isWarm, log } = deps;
  const drained = queue.run(
    workers,
    async (key) => {
      if (leadership.term !== undefined) return await reconciler.reconcile(key);
      if (isWarm) reconciler.standBy(key);
      return undefined;
    },
    signal,
  );
  const lead = (term: Term): Promise<void> =>
    leadership.during(term, () => leadUntilOver(deps, term, drained));
  await (elector === undefined ? lead(endless) : elector.run(signal, lead));
  const left = await drained;
  if (left.length > 0) log.warn({ etcdServices: left.slice(0, 10) }, 'Stopped before these were done');
}

async function leadUntilOver(deps: ReplicaDeps, term: Term, drained: Promise<unknown>): Promise<void> {
  const { queue, etcdServices, log, began } = deps;
  if (term !== endless) {
    log.info({ term: term.number }, 'Leading');
    began(term);
  }
  for (const object of etcdServices.list()) queue.add(objectKey(object.metadata), 'low');
  const unsubscribe = term.onState((state) =>
    log.info({ term: term.number, state }, 'Term changed its state'),
  );
  const end = await Promise.race([term.ended, drained.then(() => 'stopping' as const)]);
  unsubscribe();
  if (end !== 'stopping') log.warn({ term: term.number, reason: end }, 'Leading no longer; standing by');
}

/** The term of a replica that has no rivals. */
const endless: Term = {
  number: 0,
  state: 'active',
  writableUntil: () => Number.POSITIVE_INFINITY,
  expiresAt: () => Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  ended: new Promise(() => undefined),
  onState: () => () => undefined,
};
