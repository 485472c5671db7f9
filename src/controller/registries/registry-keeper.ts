import { isDeepStrictEqual } from 'node:util';
import type { Condition } from '../../api/condition.ts';
import {
  defaultRegistryName,
  type EtcdRegistry,
  type EtcdRegistryStatus,
  etcdRegistryResource,
} from '../../api/etcd-registry.ts';
import { parseRegistrySpec, problemsText } from '../../api/parse.ts';
import type { Clock } from '../../clock.ts';
import { labels } from '../../endpoints/labels.ts';
import { hasCode, messageOf } from '../../errors.ts';
import type { EtcdOptions } from '../../etcd/options.ts';
import { SECRETS, type Secret } from '../../kube/resources.ts';
import type { KubeReader, KubeWriter, WatchedCache } from '../../kube/types.ts';
import { etcdOptionsOf, Unconnectable } from '../../registries/credentials.ts';
import type { RegistryPool } from '../../registries/pool.ts';
import type { Registry } from '../../registries/registry.ts';
import type { OwnWrites } from '../publish/own-writes.ts';
import type { Requeue } from '../queue/work-queue.ts';
import { isTransition, nextRegistryStatus, type RegistryFacts } from './registry-status.ts';
import { VersionBook } from './version-book.ts';

/** How often a registry is looked at when nothing happens: what is followed of it is nobody's event. */
const lookEveryMs = 10_000;
/** The same while etcd does not answer, or not by the newest credentials: why is nobody's event either. */
const lookAtTroubleEveryMs = 1000;
/** How soon Secrets are looked for that are being listed for the first time. */
const lookForSecretsEveryMs = 100;
/** The least time between two writes of a status whose counters alone changed. */
const counterIntervalMs = 60_000;

export interface RegistryKeeperDeps {
  readonly objects: OwnWrites<EtcdRegistry>;
  /** Secrets of the controller's namespace that have our label. */
  readonly secrets: WatchedCache<Secret>;
  readonly ownNamespace: string;
  readonly pool: RegistryPool;
  readonly reader: KubeReader;
  readonly writer: KubeWriter;
  readonly clock: Clock;
  /** What the controller's options say of every etcd. */
  readonly limits: Pick<EtcdOptions, 'maxMessageBytes' | 'callTimeoutMs'>;
  readonly rangesKnown: () => boolean;
  /** Whether this replica may write. */
  readonly leads: () => boolean;
  /** A registry is to be looked at again. */
  readonly changed: (name: string) => void;
  /** The condition Connected has another reason. */
  readonly told: (object: EtcdRegistry, connected: Condition) => void;
}

interface Tracked {
  /** What the registry was last told to go by. */
  options: EtcdOptions | undefined;
  /** Why that is not the newest. */
  problem: Unconnectable | undefined;
  /** Monotonic milliseconds of the last write of a status, or of the first look. */
  writtenAt: number;
}

/** Keeps the registries equal to the EtcdRegistries and their Secrets, on every replica, and their statuses true, on the leader. */
export class RegistryKeeper {
  readonly #deps: RegistryKeeperDeps;
  readonly #tracked = new Map<string, Tracked>();
  readonly #versions: VersionBook;

  constructor(deps: RegistryKeeperDeps) {
    this.#deps = deps;
    this.#versions = new VersionBook(deps.clock, deps.changed);
  }

  async reconcile(name: string): Promise<Requeue | undefined> {
    const { objects, pool, leads } = this.#deps;
    const object = objects.get(name);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#forget(name);
      return undefined;
    }
    const tracked = this.#track(name);
    // No EtcdRegistry has the name of the registry of --etcd, whatever an older CRD let in.
    const registry = name === defaultRegistryName ? undefined : pool.obtain(name);
    if ((await this.#connect(object, tracked, registry)) === 'soon') {
      return { requeueAfterMs: lookForSecretsEveryMs };
    }
    const version = registry && this.#versions.of(registry);
    if (leads() && version !== 'asked') {
      await this.#report(object, tracked, this.#facts(tracked, registry, version));
    }
    const isTrying = tracked.problem === undefined && registry !== undefined && !isWell(registry);
    return { requeueAfterMs: isTrying ? lookAtTroubleEveryMs : lookEveryMs };
  }

  async close(): Promise<void> {
    await this.#versions.close();
  }

  #track(name: string): Tracked {
    const known = this.#tracked.get(name);
    if (known !== undefined) {
      return known;
    }
    const writtenAt = this.#deps.clock.monotonic();
    const tracked: Tracked = { options: undefined, problem: undefined, writtenAt };
    this.#tracked.set(name, tracked);
    return tracked;
  }

  #forget(name: string): void {
    if (name !== defaultRegistryName) {
      this.#deps.pool.drop(name);
    }
    this.#versions.forget(name);
    this.#tracked.delete(name);
  }

  /**
   * Has the registry go by what spec and Secrets say, where that is new; what cannot be used is remembered. Nothing is known where that
   * will be said soon.
   */
  async #connect(
    object: EtcdRegistry,
    tracked: Tracked,
    registry: Registry | undefined,
  ): Promise<'known' | 'soon'> {
    try {
      const options = await this.#optionsOf(object);
      if (options === 'soon') {
        return 'soon';
      }
      tracked.problem = undefined;
      if (!isDeepStrictEqual(options, tracked.options)) {
        tracked.options = options;
        registry?.renew(options);
      }
    } catch (error) {
      if (!(error instanceof Unconnectable)) {
        throw error;
      }
      tracked.problem = error;
      if (registry?.usable === false) {
        registry.withhold(error);
      }
    }
    return 'known';
  }

  async #optionsOf(object: EtcdRegistry): Promise<EtcdOptions | 'soon'> {
    const { name } = object.metadata;
    const parsed = parseRegistrySpec(object);
    if ('problems' in parsed) {
      throw new Unconnectable('InvalidSpec', problemsText(parsed.problems));
    }
    const spec = parsed.ok;
    const { tls, userSecretRef } = spec;
    const named = [tls?.caSecretRef, tls?.certificateSecretRef, userSecretRef].filter(
      (ref) => ref !== undefined,
    );
    if (named.length > 0 && !this.#knowsSecrets()) {
      return 'soon';
    }
    const secrets = new Map<string, Secret>();
    for (const ref of named) {
      secrets.set(ref.name, await this.#secret(ref.name, name));
    }
    const secret = (wanted: string): Secret => secrets.get(wanted) ?? this.#absent(wanted, name);
    const now = this.#deps.clock.now();
    return { ...etcdOptionsOf({ registry: name, spec, secret, now }), ...this.#deps.limits };
  }

  /** Whether the Secrets that have our label have been listed. Throws where they cannot be. */
  #knowsSecrets(): boolean {
    const { secrets } = this.#deps;
    secrets.start();
    if (!secrets.synced && secrets.problem !== undefined) {
      throw this.#unreadable(secrets.problem);
    }
    return secrets.synced;
  }

  /** A Secret of our namespace that has our label. Of one that has not, nothing but its being there is looked at. */
  async #secret(name: string, registry: string): Promise<Secret> {
    const { secrets, ownNamespace } = this.#deps;
    const found = secrets.get(`${ownNamespace}/${name}`);
    if (found !== undefined) {
      return found;
    }
    const { metadata } = (await this.#look(name)) ?? this.#absent(name, registry);
    return { apiVersion: 'v1', kind: 'Secret', metadata };
  }

  async #look(name: string): Promise<Secret | undefined> {
    const { reader, ownNamespace } = this.#deps;
    try {
      return await reader.get(SECRETS, name, ownNamespace);
    } catch (error) {
      throw hasCode(error, 'KUBE_FORBIDDEN') ? this.#unreadable(error) : error;
    }
  }

  /** Names the label too: a Secret that is made without it is not noticed. */
  #absent(name: string, registry: string): never {
    const message = `There is no Secret ${name} in namespace ${this.#deps.ownNamespace}; create it with the label ${labels.registry}=${registry}`;
    throw new Unconnectable('SecretNotFound', message);
  }

  #unreadable(cause: unknown): Unconnectable {
    const message = `Secrets of namespace ${this.#deps.ownNamespace} cannot be read: ${messageOf(cause)}`;
    return new Unconnectable('SecretsUnreadable', message, cause);
  }

  #facts(tracked: Tracked, registry: Registry | undefined, version: string | undefined): RegistryFacts {
    const { mirror, problem } = registry ?? {};
    return {
      problem: tracked.problem ?? problem,
      connection: mirror?.connection ?? nowhere,
      stats: mirror?.stats() ?? nothing,
      version,
      rangesKnown: this.#deps.rangesKnown(),
    };
  }

  async #report(object: EtcdRegistry, tracked: Tracked, facts: RegistryFacts): Promise<void> {
    const { objects, writer, clock, told } = this.#deps;
    const { name, generation = 0 } = object.metadata;
    const before = object.status ?? {};
    const status = nextRegistryStatus({
      facts,
      before,
      generation,
      now: clock.now(),
      monotonicNow: clock.monotonic(),
    });
    const isDue = clock.monotonic() - tracked.writtenAt >= counterIntervalMs;
    if (isDeepStrictEqual(before, status) || !(isDue || isTransition(before, status))) {
      return;
    }
    tracked.writtenAt = clock.monotonic();
    await objects.write(name, () => writer.updateStatus(etcdRegistryResource, { ...object, status }));
    const connected = connectedIn(status);
    if (connected !== undefined && connected.reason !== connectedIn(before)?.reason) {
      told(object, connected);
    }
  }
}

function isWell({ mirror, problem }: Registry): boolean {
  return mirror.connection.connected && problem === undefined;
}

/** What is known of a registry that is not connected to at all. */
const nowhere = { connected: false, since: 0, sinceMonotonic: 0, error: undefined };
const nothing = { ranges: 0, watches: 0, unlisted: 0, refusals: [], keys: 0, revision: 0 };

function connectedIn({ conditions = [] }: EtcdRegistryStatus): Condition | undefined {
  return conditions.find(({ type }) => type === 'Connected');
}
