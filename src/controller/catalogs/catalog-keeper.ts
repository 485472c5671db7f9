import { isDeepStrictEqual } from 'node:util';
import { type CatalogReasonOf, catalogConditions } from '../../api/catalog-reasons.ts';
import type { Condition } from '../../api/condition.ts';
import { type EtcdCatalog, type EtcdCatalogSpec, etcdCatalogResource } from '../../api/etcd-catalog.ts';
import type { EtcdService, EtcdServiceSpec } from '../../api/etcd-service.ts';
import { parseCatalogSpec, parseSpec, problemsText } from '../../api/parse.ts';
import { assign } from '../../catalog/assign.ts';
import { type GeneratedWish, generatorOf } from '../../catalog/generated.ts';
import { catalogOf } from '../../catalog/marks.ts';
import { type CompiledPattern, compilePattern } from '../../catalog/pattern.ts';
import { planCatalog } from '../../catalog/plan.ts';
import type { Clock } from '../../clock.ts';
import { isOutage } from '../../etcd/errors.ts';
import type { Namespace } from '../../kube/resources.ts';
import type { KubeReader, KubeWriter, WatchedCache } from '../../kube/types.ts';
import type { OwnWrites } from '../publish/own-writes.ts';
import type { Requeue } from '../queue/work-queue.ts';
import type { Asker, Pending } from '../registries/registries.ts';
import { whyRefused } from '../registries/registry-status.ts';
import type { Finding } from '../status/condition.ts';
import { earliest, refusalOf } from '../status/findings.ts';
import { Refusal } from '../status/refusal.ts';
import { termGuard } from '../term-guard.ts';
import { assignContext } from './assign-context.ts';
import { CatalogRange, type CatalogSource } from './catalog-range.ts';
import { type CatalogFacts, isTransition, nextCatalogStatus, readiness } from './catalog-status.ts';
import { CatalogWrites } from './catalog-writes.ts';
import { OrphanKeeper } from './orphan-keeper.ts';

/** The least time between two runs that change something: services of a large registry come and go in bursts. */
const settleMs = 1000;
/** How often a catalog is looked at that waits for something which tells nobody. */
const lookAgainMs = 10_000;
/** The least time between two writes of a status whose counters alone changed. */
const counterIntervalMs = 10_000;

export interface CatalogKeeperDeps {
  readonly catalogs: OwnWrites<EtcdCatalog>;
  /** Whether every EtcdCatalog has been listed: before that, one that is absent may be there. */
  readonly areListed: () => boolean;
  /** Found by the name of their catalog. */
  readonly etcdServices: OwnWrites<EtcdService>;
  /** Namespaces whose EtcdServices are served; empty: all. */
  readonly served: readonly string[];
  /** Started with the first catalog. */
  readonly namespaces: WatchedCache<Namespace>;
  readonly registries: {
    /** The registry of that name, or that of `--etcd`. Throws a {@link Refusal} where there is none. */
    sourceOf(name: string | undefined): CatalogSource | Pending;
    /** Throws a {@link Refusal} where the registry is not for this EtcdService. */
    of(asker: Asker): object;
  };
  readonly reader: KubeReader;
  readonly writer: KubeWriter;
  readonly clock: Clock;
  /** Whether this replica may write. */
  readonly leads: () => boolean;
  /** Monotonic milliseconds at which the term under way began. */
  readonly leadsSince: () => number;
  /** A catalog is to be looked at again. */
  readonly changed: (name: string) => void;
  /** A condition has another reason. */
  readonly told: (object: EtcdCatalog, condition: Condition) => void;
}

interface Prepared {
  readonly spec: EtcdCatalogSpec;
  readonly wish: GeneratedWish;
  /** The spec of any EtcdService of the catalog, every rule checked. */
  readonly sample: EtcdServiceSpec;
  readonly range: CatalogRange;
  readonly source: CatalogSource;
}

type Findings = {
  readonly ready: Finding<CatalogReasonOf<'Ready'>> | undefined;
  readonly facts?: CatalogFacts;
  readonly lookAgainMs?: number | undefined;
};

/** Keeps the EtcdServices of each EtcdCatalog: follows its registry on every replica, and writes on the leader. */
export class CatalogKeeper {
  readonly #deps: CatalogKeeperDeps;
  readonly #writes: CatalogWrites;
  readonly #orphans: OrphanKeeper;
  readonly #ranges = new Map<string, CatalogRange>();
  /** Monotonic milliseconds of the last write of each status. */
  readonly #writtenAt = new Map<string, number>();

  constructor(deps: CatalogKeeperDeps) {
    this.#deps = deps;
    this.#writes = new CatalogWrites(deps);
    this.#orphans = new OrphanKeeper(deps, this.#writes);
  }

  async reconcile(name: string): Promise<Requeue | undefined> {
    const { catalogs, leads } = this.#deps;
    const object = catalogs.get(name);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#release(name);
      return await this.#orphans.reconcile(name, termGuard(this.#deps.leadsSince));
    }
    this.#orphans.sawStanding(name);
    const findings = await this.#find(object);
    const reportInMs = leads() ? await this.#report(object, findings) : undefined;
    return { requeueAfterMs: earliest(findings.lookAgainMs, reportInMs) ?? lookAgainMs };
  }

  /** A watch has told that somebody has deleted the catalog. */
  sawDeleted(catalog: EtcdCatalog): void {
    this.#orphans.sawDeleted(catalog);
  }

  close(): void {
    for (const name of [...this.#ranges.keys()]) {
      this.#release(name);
    }
  }

  async #find(object: EtcdCatalog): Promise<Findings> {
    try {
      return await this.#publish(object);
    } catch (error) {
      const refused = refusalOf(error);
      if (refused === undefined || !isReadyReason(refused.reason)) {
        throw error;
      }
      return { ready: { ...refused, reason: refused.reason } };
    }
  }

  /** The main job, from keys to EtcdServices. */
  async #publish(object: EtcdCatalog): Promise<Findings> {
    const { leads, leadsSince } = this.#deps;
    const prepared = this.#prepare(object);
    if ('pending' in prepared) {
      const { pending, isFailure } = prepared;
      return { ready: isFailure ? { status: 'Unknown', reason: 'NotSynced', message: pending } : undefined };
    }
    const { spec, range, source } = prepared;
    const { failure } = range;
    if (failure !== undefined && source.source.connection.connected && !isOutage(failure.error)) {
      const message = `The keys of the pattern cannot be read: ${whyRefused(failure.error)}`;
      return { ready: { status: 'False', reason: 'PrefixUnreadable', message } };
    }
    if (!leads() || !range.isListedSince(leadsSince())) {
      return { ready: undefined };
    }
    const facts = this.#plan(object, prepared);
    if (facts.isObserved) {
      return { ready: readiness(facts, spec.maxServices), facts };
    }
    const { failures, notCreated } = await this.#writes.carryOut(
      facts.plan,
      termGuard(this.#deps.leadsSince),
    );
    const { published, lookAgainMs: waitMs } = facts.plan;
    return {
      ready: whyRefusedOf(failures) ?? readiness(facts, spec.maxServices),
      facts: { ...facts, plan: { ...facts.plan, published: published - notCreated } },
      lookAgainMs: waitMs === undefined ? undefined : Math.max(settleMs, Math.min(waitMs, lookAgainMs)),
    };
  }

  /** Everything up to the first write: what is asked for, and what is followed for it. */
  #prepare(object: EtcdCatalog): Prepared | Pending {
    const { namespaces, registries } = this.#deps;
    const { name } = object.metadata;
    const spec = specOf(object);
    const source = registries.sourceOf(spec.registryRef?.name);
    if ('pending' in source) {
      return source;
    }
    const pattern = patternOf(spec);
    const wish: GeneratedWish = {
      catalog: name,
      registryRef: spec.registryRef,
      separator: spec.separator,
      hasInstances: pattern.hasInstances,
      template: spec.template,
      pruneAfterSeconds: spec.pruneAfterSeconds,
    };
    const sample = sampleOf(wish);
    const range = this.#follow(name, spec, source, pattern);
    namespaces.start();
    if (!namespaces.synced) {
      return { pending: 'Namespaces have not been listed yet', isFailure: namespaces.problem !== undefined };
    }
    return { spec, wish, sample, range, source };
  }

  #follow(
    name: string,
    { separator, pattern: text }: EtcdCatalogSpec,
    source: CatalogSource,
    pattern: CompiledPattern,
  ): CatalogRange {
    const id = JSON.stringify([source.name, source.root, text, separator]);
    const known = this.#ranges.get(name);
    if (known?.id === id && known.source === source.source) {
      return known;
    }
    known?.release();
    const range = new CatalogRange(id, source, pattern, () => this.#deps.changed(name));
    this.#ranges.set(name, range);
    return range;
  }

  #release(name: string): void {
    this.#ranges.get(name)?.release();
    this.#ranges.delete(name);
    this.#writtenAt.delete(name);
  }

  #plan({ metadata }: EtcdCatalog, { spec, wish, sample, range, source }: Prepared): CatalogFacts {
    const { etcdServices, clock } = this.#deps;
    const standing = etcdServices.by(metadata.name);
    const isKnown = source.source.connection.connected && range.failure === undefined;
    const assignment = assign(range.services.list(), spec, assignContext(wish, sample, this.#deps));
    const plan = planCatalog(
      { ...wish, maxServices: spec.maxServices },
      {
        assignment,
        standing,
        isHandWritten: (namespace, name) => {
          const existing = etcdServices.get(`${namespace}/${name}`);
          return existing !== undefined && catalogOf(existing).length === 0;
        },
        isKnown,
        now: clock.now(),
      },
    );
    const isObserved = spec.mode === 'Observe';
    return { assignment, plan, unmatchedKeys: range.services.unmatched, isKnown, isObserved };
  }

  /** Returns in how many milliseconds there is something to write, where it is too early for counters. */
  async #report(object: EtcdCatalog, { ready, facts }: Findings): Promise<number | undefined> {
    const { catalogs, writer, clock, told } = this.#deps;
    const { name, generation = 0 } = object.metadata;
    const before = object.status ?? {};
    if (ready === undefined && before.conditions !== undefined) {
      return undefined;
    }
    const status = nextCatalogStatus({ ready, facts, before, generation, now: clock.now() });
    if (isDeepStrictEqual(before, status)) {
      return undefined;
    }
    const now = clock.monotonic();
    const dueInMs = (this.#writtenAt.get(name) ?? Number.NEGATIVE_INFINITY) + counterIntervalMs - now;
    if (dueInMs > 0 && !isTransition(before, status)) {
      return dueInMs;
    }
    this.#writtenAt.set(name, now);
    await catalogs.write(name, () => writer.updateStatus(etcdCatalogResource, { ...object, status }));
    for (const condition of status.conditions ?? []) {
      const old = before.conditions?.find(({ type }) => type === condition.type);
      if (old?.reason !== condition.reason) {
        told(object, condition);
      }
    }
    return undefined;
  }
}

function specOf(object: EtcdCatalog): EtcdCatalogSpec {
  const parsed = parseCatalogSpec(object);
  if ('problems' in parsed) {
    throw new Refusal('InvalidSpec', problemsText(parsed.problems));
  }
  return parsed.ok;
}

function patternOf({ pattern, separator }: EtcdCatalogSpec): CompiledPattern {
  const compiled = compilePattern(pattern, separator);
  if ('problem' in compiled) {
    throw new Refusal('InvalidSpec', `spec.pattern ${compiled.problem}`);
  }
  return compiled;
}

/** What breaks a rule of every EtcdService is told once, of the template. */
function sampleOf(wish: GeneratedWish): EtcdServiceSpec {
  const service = { service: 'any', values: {}, source: `any${wish.separator}`, keys: 1 };
  const parsed = parseSpec(generatorOf(wish)({ namespace: 'any', name: 'any', service }));
  if ('problems' in parsed) {
    throw new Refusal('InvalidSpec', `spec.template: ${problemsText(parsed.problems)}`);
  }
  return parsed.ok;
}

function isReadyReason(reason: string): reason is CatalogReasonOf<'Ready'> {
  return Object.hasOwn(catalogConditions.Ready.reasons, reason);
}

/** What the apiserver will not take is told. Where nothing was refused but a conflict came between, that is thrown: the queue tries again. */
function whyRefusedOf(failures: readonly unknown[]): Finding<'WriteFailed'> | undefined {
  const refused = failures.flatMap((failure) => refusalOf(failure) ?? []);
  const [first] = refused;
  if (first !== undefined) {
    const message = `${refused.length} writes were refused, such as: ${first.message}`;
    return { status: 'False', reason: 'WriteFailed', message };
  }
  if (failures.length > 0) {
    throw failures[0];
  }
  return undefined;
}
