import { isDeepStrictEqual } from 'node:util';
import type { CatalogReasonOf } from '../../api/catalog-reasons.ts';
import type { Condition } from '../../api/condition.ts';
import { type EtcdCatalog, type EtcdCatalogSpec, etcdCatalogResource } from '../../api/etcd-catalog.ts';
import type { EtcdService } from '../../api/etcd-service.ts';
import { parseCatalogSpec, parseSpec, problemsText } from '../../api/parse.ts';
import { type AssignContext, assign } from '../../catalog/assign.ts';
import { type GeneratedWish, generate, sourceOf } from '../../catalog/generated.ts';
import { catalogLabel } from '../../catalog/marks.ts';
import { type CompiledPattern, compilePattern } from '../../catalog/pattern.ts';
import { planCatalog } from '../../catalog/plan.ts';
import type { Clock } from '../../clock.ts';
import { RetryableError } from '../../errors.ts';
import type { Namespace } from '../../kube/resources.ts';
import type { KubeReader, KubeWriter, WatchedCache } from '../../kube/types.ts';
import type { Finding } from '../condition.ts';
import { refusalOf } from '../findings.ts';
import type { OwnWrites } from '../own-writes.ts';
import { Refusal } from '../refusal.ts';
import type { Asker, Pending } from '../registries.ts';
import type { Requeue } from '../work-queue.ts';
import { CatalogRange, type CatalogSource } from './catalog-range.ts';
import { type CatalogFacts, nextCatalogStatus, readiness } from './catalog-status.ts';
import { CatalogWrites } from './catalog-writes.ts';

/** The least time between two runs that change something: services of a large registry come and go in bursts. */
const settleMs = 1000;
/** How often a catalog is looked at that waits for something which tells nobody. */
const lookAgainMs = 10_000;

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
  readonly #ranges = new Map<string, CatalogRange>();

  constructor(deps: CatalogKeeperDeps) {
    this.#deps = deps;
    this.#writes = new CatalogWrites(deps);
  }

  async reconcile(name: string): Promise<Requeue | undefined> {
    const { catalogs, leads } = this.#deps;
    const object = catalogs.get(name);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#release(name);
      return this.#sweep(name);
    }
    const findings = await this.#find(object);
    if (leads()) {
      await this.#report(object, findings);
    }
    return { requeueAfterMs: findings.lookAgainMs ?? lookAgainMs };
  }

  close(): void {
    for (const name of [...this.#ranges.keys()]) {
      this.#release(name);
    }
  }

  /**
   * Deletes the EtcdServices of a catalog that is no more. No owner reference does it: they would go too where the catalog is only gone
   * from one cluster's backup, and adoption by hand could not take them out (docs/adr/0014).
   */
  async #sweep(name: string): Promise<Requeue | undefined> {
    const { areListed, leads, reader, etcdServices } = this.#deps;
    const deletes = etcdServices.by(name);
    if (deletes.length === 0 || !leads()) {
      return undefined;
    }
    // A cache that lags must not cost a cluster its Services.
    if (!areListed() || (await reader.get(etcdCatalogResource, name)) !== undefined) {
      return { requeueAfterMs: lookAgainMs };
    }
    await this.#writes.carryOut({ creates: [], updates: [], deletes }, this.#termGuard());
    return undefined;
  }

  async #find(object: EtcdCatalog): Promise<Findings> {
    try {
      return await this.#publish(object);
    } catch (error) {
      const refused = refusalOf(error);
      if (refused === undefined) {
        throw error;
      }
      return { ready: refused as Finding<CatalogReasonOf<'Ready'>> };
    }
  }

  /** The main job, from keys to EtcdServices. */
  async #publish(object: EtcdCatalog): Promise<Findings> {
    const { leads, leadsSince } = this.#deps;
    const prepared = this.#prepare(object);
    if ('pending' in prepared) {
      return { ready: { status: 'Unknown', reason: 'NotSynced', message: prepared.pending } };
    }
    const { spec, range, source } = prepared;
    const { failure } = range;
    if (failure !== undefined && source.source.connection.connected) {
      return { ready: { status: 'False', reason: 'PrefixUnreadable', message: failure.error.message } };
    }
    if (!leads() || !range.isListedSince(leadsSince())) {
      return { ready: undefined };
    }
    const facts = this.#plan(object, prepared);
    if (!facts.isObserved) {
      await this.#writes.carryOut(facts.plan, this.#termGuard());
    }
    const waitMs = facts.plan.lookAgainMs;
    return {
      ready: readiness(facts, spec.maxServices),
      facts,
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
    };
    refuseTemplate(wish);
    const range = this.#follow(name, spec, source, pattern);
    namespaces.start();
    if (!namespaces.synced) {
      return { pending: 'Namespaces have not been listed yet', isFailure: namespaces.problem !== undefined };
    }
    return { spec, wish, range, source };
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
  }

  #plan({ metadata }: EtcdCatalog, { spec, wish, range, source }: Prepared): CatalogFacts {
    const { etcdServices, clock } = this.#deps;
    const standing = etcdServices.by(metadata.name);
    const assignment = assign(range.services.list(), spec, this.#context(wish));
    const plan = planCatalog(
      { ...wish, maxServices: spec.maxServices, pruneAfterMs: spec.pruneAfterSeconds * 1000 },
      {
        assignment,
        standing,
        isHandWritten: (namespace, name) => {
          const existing = etcdServices.get(`${namespace}/${name}`);
          return existing !== undefined && existing.metadata.labels?.[catalogLabel] !== metadata.name;
        },
        isKnown: source.source.connection.connected && range.failure === undefined,
        now: clock.now(),
      },
    );
    return { assignment, plan, unmatchedKeys: range.services.unmatched, isObserved: spec.mode === 'Observe' };
  }

  #context(wish: GeneratedWish): AssignContext {
    const { served, namespaces, etcdServices, registries } = this.#deps;
    return {
      hasNamespace(name) {
        if (served.length > 0 && !served.includes(name)) {
          return false;
        }
        const namespace = namespaces.get(name);
        return namespace !== undefined && namespace.metadata.deletionTimestamp === undefined;
      },
      mayRead(namespace, service) {
        const parsed = parseSpec(generate(wish, { namespace, name: 'any', service }));
        try {
          return 'ok' in parsed && !('pending' in registries.of({ namespace, spec: parsed.ok }));
        } catch (error) {
          if (error instanceof Refusal) {
            return false;
          }
          throw error;
        }
      },
      standingSource(namespace, name) {
        const existing = etcdServices.get(`${namespace}/${name}`);
        return existing?.metadata.labels?.[catalogLabel] === wish.catalog
          ? sourceOf(existing, wish.separator)
          : undefined;
      },
    };
  }

  /** A run that outlives its term must not write in the next one. */
  #termGuard(): () => void {
    const { leadsSince } = this.#deps;
    const since = leadsSince();
    return () => {
      if (leadsSince() !== since) {
        throw new RetryableError('TERM_ENDED', 'the term of this reconcile is over');
      }
    };
  }

  async #report(object: EtcdCatalog, { ready, facts }: Findings): Promise<void> {
    const { catalogs, writer, clock, told } = this.#deps;
    const { name, generation = 0 } = object.metadata;
    const before = object.status ?? {};
    if (ready === undefined && before.conditions !== undefined) {
      return;
    }
    const status = nextCatalogStatus({ ready, facts, before, generation, now: clock.now() });
    if (isDeepStrictEqual(before, status)) {
      return;
    }
    catalogs.remember(name, await writer.updateStatus(etcdCatalogResource, { ...object, status }));
    for (const condition of status.conditions ?? []) {
      const old = before.conditions?.find(({ type }) => type === condition.type);
      if (old?.reason !== condition.reason) {
        told(object, condition);
      }
    }
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
function refuseTemplate(wish: GeneratedWish): void {
  const service = { service: 'any', values: {}, source: `any${wish.separator}`, keys: 1 };
  const parsed = parseSpec(generate(wish, { namespace: 'any', name: 'any', service }));
  if ('problems' in parsed) {
    throw new Refusal('InvalidSpec', `spec.template: ${problemsText(parsed.problems)}`);
  }
}
