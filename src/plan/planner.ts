import type { EtcdService } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import type { PlanConfig } from '../config/plan-options.ts';
import type { Prepared, Preparer } from '../controller/preparing.ts';
import { type BringDeps, bring, type Decided } from '../controller/publish/bring.ts';
import type { Publisher } from '../controller/publish/publisher.ts';
import { registryNameOf } from '../controller/registries/registry-name.ts';
import { isPublished, refusalOf } from '../controller/status/findings.ts';
import type { TrackedServices } from '../controller/tracked.ts';
import { drain } from '../endpoints/drain.ts';
import { codeOf, messageOf, RetryableError } from '../errors.ts';
import { isOutage } from '../etcd/errors.ts';
import { type ObjectKey, objectKey } from '../kube/types.ts';
import type { ServicePlan } from './outcome.ts';
import type { RecordingWriter } from './recording-writer.ts';

export interface PlannerDeps extends BringDeps {
  readonly preparer: Preparer;
  readonly publisher: Publisher;
  readonly tracked: TrackedServices;
  readonly writer: RecordingWriter;
  /** Why a registry cannot be connected to, by its name. */
  readonly problems: ReadonlyMap<string, Error>;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly config: Pick<PlanConfig, 'drainMs' | 'timeoutMs'>;
}

/** What follows of registrations has changed: whoever waits for that looks again. */
export class Changes {
  readonly #waiting = new Map<ObjectKey, () => void>();

  tell(key: ObjectKey): void {
    this.#waiting.get(key)?.();
    this.#waiting.delete(key);
  }

  /** Resolves with the next change, or when the signal aborts. */
  next(key: ObjectKey, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(key, resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    return promise;
  }
}

/** Finds out what the controller would do for one EtcdService, by the code that does it. */
export class Planner {
  readonly #deps: PlannerDeps;

  constructor(deps: PlannerDeps) {
    this.#deps = deps;
  }

  /** Begins to read the registrations. Those of all EtcdServices are read at the same time; then each is planned. */
  async read(object: EtcdService, signal: AbortSignal): Promise<Prepared | ServicePlan> {
    const key = objectKey(object.metadata);
    try {
      const problem = this.#deps.problems.get(registryNameOf(object));
      if (problem !== undefined) {
        throw problem;
      }
      const prepared = this.#prepare(key, object);
      const { mode } = prepared.claim.spec;
      if (mode !== 'Publish') {
        return stays(key, prepared.claim.key, `spec.mode is ${mode}: the controller writes nothing`);
      }
      await this.#untilRead(key, prepared, signal);
      // What registrations announce may decide about the ports.
      return this.#prepare(key, object);
    } catch (error) {
      return failed(key, error);
    }
  }

  /** What would be written for registrations that have been read. */
  async plan(prepared: Prepared): Promise<ServicePlan> {
    const { publisher, writer } = this.#deps;
    const { claim, subscription } = prepared;
    const key = objectKey(claim.object.metadata);
    try {
      await bring(prepared, this.#deps, {
        decide: async () => this.#decide(prepared),
        ensure: (service, { endpoints }) => publisher.ensure(claim, service, endpoints),
      });
      const { counts, rejected } = subscription.desired();
      const changes = writer.takeChanges();
      const notes = notesOf(claim.object);
      return { key, service: claim.key, verdict: isPublished, instances: counts, rejected, changes, notes };
    } catch (error) {
      // What a refusal leaves unwritten is not planned; what comes before it in the order of writes is.
      return { ...failed(key, error), service: claim.key, changes: writer.takeChanges() };
    }
  }

  #prepare(key: ObjectKey, object: EtcdService): Prepared {
    const { preparer, tracked } = this.#deps;
    const prepared = preparer.prepare(tracked.track(key, object), object);
    if ('pending' in prepared) {
      throw new RetryableError('NOT_SHOWN', prepared.pending, { subject: key });
    }
    return prepared;
  }

  async #untilRead(key: ObjectKey, prepared: Prepared, signal: AbortSignal): Promise<void> {
    const { subscription, claim, registry } = prepared;
    for (;;) {
      const { failure } = subscription;
      if (failure !== undefined && !isOutage(failure.error)) {
        throw failure.error;
      }
      if (subscription.isSynced && subscription.settle(this.#deps.publisher.published(claim)).isSettled) {
        return;
      }
      if (signal.aborted) {
        const { error } = registry.source.connection;
        const why = error === undefined ? 'etcd has not answered' : messageOf(error);
        throw new RetryableError(
          'PLAN_TIMEOUT',
          `the registrations could not be read within ${this.#deps.config.timeoutMs} ms: ${why}`,
          { subject: key },
        );
      }
      await this.#deps.changes.next(key, signal);
    }
  }

  /** What the controller decides where no guard holds anything back. */
  #decide({ claim, subscription }: Prepared): Decided {
    const { publisher, config, clock } = this.#deps;
    const desired = subscription.desired();
    const { drainSeconds } = claim.spec;
    const { endpoints } = drain({
      before: subscription.admitted(publisher.published(claim)),
      next: desired.endpoints,
      drainMs: drainSeconds === undefined ? config.drainMs : drainSeconds * 1000,
      now: clock.now(),
      dead: new Set(),
    });
    return { desired, endpoints };
  }
}

function notesOf({ status }: EtcdService): readonly string[] {
  const held = status?.conditions?.find(({ type }) => type === 'RemovalHeld');
  return held?.status === 'True' ? [`a guard holds removals that are planned here: ${held.message}`] : [];
}

function stays(key: ObjectKey, service: ObjectKey, note: string): ServicePlan {
  return { key, service, verdict: undefined, changes: [], notes: [note] };
}

function failed(key: ObjectKey, error: unknown): ServicePlan {
  const reason = codeOf(error) ?? 'UNEXPECTED';
  const verdict = refusalOf(error) ?? { status: 'False', reason, message: messageOf(error) };
  return { key, verdict, changes: [], notes: [] };
}
