import type { Clock } from '../../clock.ts';
import type { Registry } from '../../registries/registry.ts';

/** How long a version is believed: members are upgraded one by one while the connection stands. */
const believedMs = 600_000;

interface Entry {
  readonly registry: Registry;
  /** Wall-clock milliseconds of the connection that it was asked over. */
  readonly since: number;
  /** Monotonic milliseconds. */
  readonly askedAt: number;
  isAsked: boolean;
  version: string | undefined;
}

/** The versions of etcd that registries run. They are asked for beside other work, once a connection and then at leisure. */
export class VersionBook {
  readonly #clock: Clock;
  readonly #answered: (name: string) => void;
  readonly #entries = new Map<string, Entry>();
  readonly #stop = new AbortController();
  readonly #asking = new Set<Promise<void>>();

  /** `answered` is called when there is news of a registry that was asked. */
  constructor(clock: Clock, answered: (name: string) => void) {
    this.#clock = clock;
    this.#answered = answered;
  }

  /** The version; undefined where it is not known, `asked` where it will be soon. */
  of(registry: Registry): string | undefined {
    const known = this.#entries.get(registry.name);
    const { connected, since } = registry.mirror.connection;
    if (!connected) {
      return known?.version;
    }
    const now = this.#clock.monotonic();
    const isCurrent =
      known?.registry === registry && known.since === since && now - known.askedAt < believedMs;
    if (isCurrent) {
      return known.isAsked ? (known.version ?? 'asked') : known.version;
    }
    const before = known?.registry === registry ? known.version : undefined;
    const entry: Entry = { registry, since, askedAt: now, isAsked: true, version: before };
    this.#entries.set(registry.name, entry);
    const asking = this.#ask(entry).finally(() => this.#asking.delete(asking));
    this.#asking.add(asking);
    return before ?? 'asked';
  }

  forget(name: string): void {
    this.#entries.delete(name);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#asking);
  }

  async #ask(entry: Entry): Promise<void> {
    try {
      entry.version = await entry.registry.version(this.#stop.signal);
    } catch {
      // It is asked again over the next connection; until then nobody misses it.
    }
    entry.isAsked = false;
    this.#answered(entry.registry.name);
  }
}
