import type { Instance } from '../formats/types.ts';
import type { ServicePort } from './types.ts';

/** The most ports that a Service gets from its registrations. */
const mostPorts = 32;
/** The name of the port without a name, where there are others beside it: Kubernetes wants a name for each of several. */
const unnamed = 'default';
/** What `targetPort` in a spec may be called: a name or a URL scheme. */
const announcedName = /^([A-Za-z][A-Za-z0-9+._-]{0,62})?$/;

export interface AnnouncedPorts {
  /** Sorted by number. */
  readonly ports: readonly ServicePort[];
  /** Announced names that could not be made into a port. */
  readonly leftOut: number;
}

interface Chosen {
  readonly port: number;
  readonly protocol: ServicePort['protocol'];
  /** The name in registrations; absent while none announces it. */
  readonly target?: string;
}

/**
 * The ports of a Service as its instances announce them: one for each name, with the number that most instances have for it when it is first
 * seen. What stands already stays, name and number, whatever instances come and go: clients rely on it. Pure, and the same in whatever order the
 * instances are.
 */
export function announcedPorts(
  standing: readonly ServicePort[],
  instances: Iterable<Pick<Instance, 'ports'>>,
): AnnouncedPorts {
  const numbers = numbersByName(instances);
  const valid = [...numbers.keys()].filter((name) => announcedName.test(name)).sort();
  const isSingle = new Set([...standing.map(({ name }) => name), ...valid.map(portName)]).size <= 1;
  const chosen = new Map<string, Chosen>(
    standing.map(({ name, port, protocol }) => [nameAmong(name, isSingle), { port, protocol }]),
  );
  let leftOut = numbers.size - valid.length;
  // Two names can come to one: http and HTTP, and the one without a name beside default.
  const byName = Map.groupBy(valid, (announced) => nameAmong(portName(announced), isSingle));
  for (const [name, announced] of byName) {
    const known = chosen.get(name);
    const target = announced.find((one) => known && numbers.get(one)?.has(known.port)) ?? announced[0] ?? '';
    const { port, protocol } = known ?? { port: mostCommon(numbers.get(target)), protocol: 'TCP' };
    const isChosen = chosen.has(name) || mayHave(chosen, port);
    if (isChosen) {
      chosen.set(name, { port, protocol, target });
    }
    leftOut += announced.length - (isChosen ? 1 : 0);
  }
  const ports = [...chosen].map(([name, { target = name, ...port }]) =>
    isSingle && name === '' ? { name, ...port } : { name, ...port, targetPort: target },
  );
  return { ports: ports.sort((a, b) => a.port - b.port), leftOut };
}

function numbersByName(
  instances: Iterable<Pick<Instance, 'ports'>>,
): ReadonlyMap<string, Map<number, number>> {
  const found = new Map<string, Map<number, number>>();
  for (const { ports } of instances) {
    for (const [name, number] of Object.entries(ports)) {
      const counts = found.get(name) ?? new Map<number, number>();
      counts.set(number, (counts.get(number) ?? 0) + 1);
      found.set(name, counts);
    }
  }
  return found;
}

/** A DNS label for a name: small letters, digits, and hyphens for everything else. */
function portName(announced: string): string {
  return announced
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '');
}

function nameAmong(name: string, isSingle: boolean): string {
  return name === '' && !isSingle ? unnamed : name;
}

/** The lowest of several that are equally common. */
function mostCommon(counts: ReadonlyMap<number, number> = new Map()): number {
  const [most] = [...counts].sort(([a, often], [b, other]) => other - often || a - b);
  return most?.[0] ?? 0;
}

/** Kubernetes lets no two ports of a Service have one number and protocol. */
function mayHave(chosen: ReadonlyMap<string, Chosen>, port: number): boolean {
  return (
    chosen.size < mostPorts &&
    [...chosen.values()].every((one) => one.port !== port || one.protocol !== 'TCP')
  );
}
