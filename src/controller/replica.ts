import type { EtcdService } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import { type Cache, type ObjectKey, objectKey } from '../kube/types.ts';
import type { Elector, Leader } from '../leadership/elector.ts';
import type { Term } from '../leadership/term.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Leadership } from './leadership.ts';
import type { Requeue, WorkQueue } from './queue/work-queue.ts';
import type { Reconciler } from './reconciler.ts';

/** Standbys begin to follow etcd within so long of their start, each at its own time: they start together, and their lists are not urgent. */
const standbyJitterMs = 2000;

/** How often keys look whether a suspended term goes on. */
const suspendedRetryMs = 250;

export interface ReplicaDeps {
  readonly queue: WorkQueue;
  readonly workers: number;
  readonly reconciler: Reconciler;
  readonly leadership: Leadership;
  /** Undefined where there is no election: this replica leads for as long as it runs. */
  readonly elector: Elector | undefined;
  readonly etcdServices: Cache<EtcdService>;
  /** Whether a standby follows etcd. */
  readonly isWarmStandby: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** A term has begun: told by an Event. */
  readonly began: (term: Term) => void;
  /** Writes what is still to be told before the lead is given up; bounded. */
  readonly flush: () => Promise<void>;
}

/**
 * Runs one replica until the signal aborts: it stands by, following what the leader follows and writing nothing, and while it leads it
 * reconciles. At the end what is under way is drained before the lead is given up, so that the next leader finds it done.
 */
export async function runReplica(deps: ReplicaDeps, signal: AbortSignal): Promise<void> {
  const { queue, workers, leadership, elector, log } = deps;
  const stop = new AbortController();
  const unsubscribe = elector?.onLeader((leader) => logLeader(log, leader));
  const drained = queue.run(workers, workOf(deps), AbortSignal.any([signal, stop.signal]));
  const lead = (term: Term): Promise<void> =>
    leadership.during(term, () => leadUntilOver(deps, term, drained));
  try {
    await (elector === undefined ? lead(endless) : elector.run(signal, lead));
  } finally {
    unsubscribe?.();
    stop.abort();
  }
  const left = await drained;
  if (left.length > 0) {
    log.warn({ etcdServices: left.slice(0, 10) }, 'Stopped before these were done');
  }
}

/** What is done with a key depends on whether this replica leads at that moment. */
function workOf({ reconciler, leadership, isWarmStandby, clock }: ReplicaDeps) {
  const standsByFrom = clock.monotonic() + Math.random() * standbyJitterMs;
  return async (key: ObjectKey): Promise<Requeue | undefined> => {
    const { term } = leadership;
    // Nothing may leave while the term is suspended; soon it goes on, or is over.
    if (term?.state === 'suspended') {
      return { requeueAfterMs: suspendedRetryMs };
    }
    if (term !== undefined) {
      return await reconciler.reconcile(key);
    }
    const requeueAfterMs = standsByFrom - clock.monotonic();
    if (requeueAfterMs > 0) {
      return { requeueAfterMs };
    }
    if (isWarmStandby) {
      reconciler.standBy(key);
    }
    return undefined;
  };
}

async function leadUntilOver(deps: ReplicaDeps, term: Term, drained: Promise<unknown>): Promise<void> {
  const { queue, reconciler, etcdServices, log, began, flush } = deps;
  if (term !== endless) {
    log.info({ term: term.number }, 'Leading');
    began(term);
  }
  reconciler.beginTerm(etcdServices.list());
  for (const object of etcdServices.list()) {
    queue.add(objectKey(object.metadata), 'last');
  }
  const unsubscribe = term.onState((state) =>
    log.info({ term: term.number, state }, 'Term changed its state'),
  );
  const end = await Promise.race([term.ended, drained.then(() => 'drained' as const)]);
  unsubscribe();
  if (end === 'drained') {
    await flush();
  } else {
    log.warn({ term: term.number, reason: end }, 'Leading no longer; standing by');
  }
}

/** Who leads, as a standby sees it; that we do is said where our term begins. */
function logLeader(log: Logger, leader: Leader | undefined): void {
  if (leader === undefined) {
    log.info({}, 'No leader is known');
  } else if (!leader.own) {
    log.info({ leader: leader.identity, term: leader.term }, 'Another replica leads; standing by');
  }
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
