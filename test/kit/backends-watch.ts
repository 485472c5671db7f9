import type { AnyObject, KubeObjects } from './kube-objects.ts';
import { addressesIn } from './scene.ts';

/** What a client of a Service is led to at one moment: addresses by slices, or a name by DNS. */
export type Backends = ReadonlySet<string>;

/**
 * Where clients of one Service are led at every moment: by the ready addresses of its slices, whoever made them, or, while it is an ExternalName, by that
 * name. Events of both kinds are put into the order in which the apiserver made them.
 */
export class BackendsWatch {
  readonly #events: AnyObject[] = [];
  readonly #ends: (() => void)[] = [];

  static async start(objects: KubeObjects, service: string): Promise<BackendsWatch> {
    const watch = new BackendsWatch();
    const take = (event: AnyObject): void => void watch.#events.push(event);
    watch.#ends.push(
      await objects.follow('services', `fieldSelector=metadata.name=${service}`, take),
      await objects.follow('endpointslices', `labelSelector=kubernetes.io/service-name=${service}`, take),
    );
    return watch;
  }

  /** After each event, in their order; the first ones build up what stood when the watch began. */
  get moments(): readonly Backends[] {
    const slices = new Map<string, AnyObject>();
    let service: AnyObject;
    return this.#events
      .toSorted((a, b) => version(a) - version(b))
      .map(({ type, object }) => {
        if (object.kind === 'Service') {
          service = object;
        } else if (type === 'DELETED') {
          slices.delete(object.metadata.name);
        } else {
          slices.set(object.metadata.name, object);
        }
        const name = service?.spec.type === 'ExternalName' ? [service.spec.externalName] : undefined;
        const ready = [...slices.values()]
          .flatMap(addressesIn)
          .filter((address) => !/not ready|draining/.test(address));
        return new Set(name ?? ready);
      });
  }

  end(): void {
    for (const end of this.#ends) {
      end();
    }
  }
}

function version({ object }: AnyObject): number {
  return Number(object.metadata.resourceVersion);
}
