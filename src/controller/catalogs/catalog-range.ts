import { FoundServices } from '../../catalog/found-services.ts';
import type { CompiledPattern } from '../../catalog/pattern.ts';
import { keyOf, prefixRange } from '../../etcd/key.ts';
import type { MirroredRange, RangeFailure, RegistrySource } from '../../etcd/types.ts';
import type { Pending, Registries } from '../registries/registries.ts';

/** A registry as a catalog uses it. */
export type CatalogSource = Exclude<ReturnType<Registries['sourceOf']>, Pending>;

/** The keys of a pattern in one registry, followed, and the services that they belong to. */
export class CatalogRange {
  readonly id: string;
  readonly source: RegistrySource;
  readonly services: FoundServices;
  readonly #mirrored: MirroredRange;
  #refreshingFor: number | undefined;
  readonly #changed: () => void;

  /** `changed` is called, synchronously, when a service has appeared or emptied, or the range can be read or not. */
  constructor(id: string, { source, root }: CatalogSource, pattern: CompiledPattern, changed: () => void) {
    this.id = id;
    this.source = source;
    this.#changed = changed;
    this.services = new FoundServices((key) =>
      key.startsWith(root) ? pattern.match(key.slice(root.length)) : undefined,
    );
    this.#mirrored = source.follow(prefixRange(keyOf(`${root}${pattern.literal}`)), {
      changed: (changes) => {
        if (this.services.apply(changes)) {
          changed();
        }
      },
      synced: changed,
      failureChanged: changed,
    });
  }

  get failure(): RangeFailure | undefined {
    return this.#mirrored.failure;
  }

  /**
   * Whether etcd has been listed since a term began, at that monotonic time: a standby may lag behind what the last leader has done. Where
   * it has not, a list is begun, and its end is told as a change.
   */
  isListedSince(beganMs: number): boolean {
    const isListed = this.#mirrored.synced && this.#mirrored.listedAt >= beganMs;
    if (this.#mirrored.synced && !isListed && this.#refreshingFor !== beganMs) {
      void this.#refresh(beganMs);
    }
    return isListed;
  }

  release(): void {
    this.#mirrored.release();
  }

  async #refresh(beganMs: number): Promise<void> {
    this.#refreshingFor = beganMs;
    try {
      await this.#mirrored.refresh(beganMs);
      this.#changed();
    } catch {
      // Released or closed meanwhile: nobody waits for it any more.
    }
  }
}
