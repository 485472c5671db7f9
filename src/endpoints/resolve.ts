import type { Instance, Item } from '../formats/types.ts';
import { matchPorts } from './match-ports.ts';
import type { Outcome, ServicePort } from './types.ts';

/** What of a spec decides how an instance is published. */
export interface Publishing {
  /** Empty for a headless Service without ports: addresses are published alone. */
  readonly ports: readonly ServicePort[];
  /** Whether the spec's filter lets an instance through. */
  readonly admits: (instance: Instance) => boolean;
}

/** What becomes of an item: an endpoint for the ports that it has, or the reason why not. */
export function resolveItem(item: Item, publishing: Publishing): Outcome {
  if (item.kind !== 'instance') {
    return item;
  }
  const { instance } = item;
  if (!publishing.admits(instance)) {
    return { kind: 'filtered' };
  }
  const ports = matchPorts(instance, publishing.ports);
  if (ports.length === 0 && publishing.ports.length > 0) {
    return noPort(instance, publishing.ports);
  }
  return {
    kind: 'endpoint',
    endpoint: { address: instance.address, ports, ready: instance.ready },
    partial: ports.length < publishing.ports.length,
  };
}

/** Ports that a message names. */
const maxNamed = 5;

function noPort({ address }: Instance, ports: readonly ServicePort[]): Outcome {
  const named = ports.slice(0, maxNamed).map(({ targetPort }) => targetPort ?? 'its only port');
  const wanted = [...named, ...(ports.length > maxNamed ? ['…'] : [])].join(', ');
  return {
    kind: 'rejected',
    reason: 'NoPort',
    message: `${address} announces none of the ports asked for (${wanted}); set defaultTargetPort where registrations name none`,
  };
}
