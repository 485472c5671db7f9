import type { AnyObject, KubeObjects } from './kube-objects.ts';
import { addressesIn } from './scene.ts';

/** The EndpointSlices of one Service as kube-proxy sees them: whoever made them, by a watch, all of them united. */
export class SlicesWatch {
  /** What was reachable at each moment: the ready addresses after every event. */
  readonly moments: ReadonlySet<string>[] = [];
  readonly #slices = new Map<string, AnyObject>();
  #end: () => void = () => undefined;

  static async start(objects: KubeObjects, service: string): Promise<SlicesWatch> {
    const watch = new SlicesWatch();
    const selector = `labelSelector=kubernetes.io/service-name=${service}`;
    watch.#end = await objects.follow('endpointslices', selector, (event) => watch.#take(event));
    return watch;
  }

  /** Who manages the slices that stand now. */
  get managers(): readonly string[] {
    const managers = [...this.#slices.values()].map(
      ({ metadata }) => metadata.labels['endpointslice.kubernetes.io/managed-by'],
    );
    return [...new Set(managers)].toSorted();
  }

  get reachable(): ReadonlySet<string> {
    return this.moments.at(-1) ?? new Set();
  }

  /** Addresses of `alive` that were missing at some moment since the given one. */
  missingSince(moment: number, alive: readonly string[]): readonly string[] {
    return alive.filter((address) => this.moments.slice(moment).some((seen) => !seen.has(address)));
  }

  end(): void {
    this.#end();
  }

  #take({ type, object }: AnyObject): void {
    if (type === 'DELETED') {
      this.#slices.delete(object.metadata.name);
    } else {
      this.#slices.set(object.metadata.name, object);
    }
    this.moments.push(new Set([...this.#slices.values()].flatMap(addressesIn)));
  }
}
