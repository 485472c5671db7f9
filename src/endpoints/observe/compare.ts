import type { DesiredEndpoint } from '../types.ts';
import { type Socket, socketsOf } from './sockets.ts';

/** At most so many differences are named, of each sort at least one where there is any. */
const maxExamples = 5;

export type DifferenceKind = 'Missing' | 'Superfluous' | 'Different';

/** One difference, for people. */
export interface Example {
  readonly kind: DifferenceKind;
  /** The address with its port, as `192.0.2.1:80/TCP (http)`. */
  readonly endpoint: string;
  /** What differs; absent where all of it is missing or superfluous. */
  readonly message?: string;
}

/** How what stands differs from what would be published. Counted are addresses with one port each: what a client connects to. */
export interface Comparison {
  readonly wanted: number;
  readonly standing: number;
  /** Would be published, and stands nowhere. */
  readonly missing: number;
  /** Stands, and would not be published. */
  readonly superfluous: number;
  /** Stands with another readiness, or with another name of the port. */
  readonly different: number;
  readonly examples: readonly Example[];
}

/** Compares endpoints by what clients see of them, whatever objects hold them. */
export function compareEndpoints(
  standing: Iterable<DesiredEndpoint>,
  wanted: Iterable<DesiredEndpoint>,
): Comparison {
  return compareSockets(socketsOf(standing), socketsOf(wanted));
}

/** Compares addresses alone: what a name in DNS leads to has no ports. What is not ready would not be reached. */
export function compareAddresses(standing: Iterable<string>, wanted: Iterable<DesiredEndpoint>): Comparison {
  const ready = Array.from(wanted).filter((endpoint) => endpoint.ready);
  const bare = (address: string): DesiredEndpoint => ({ address, ports: [], ready: true });
  return compareEndpoints(
    Array.from(standing, bare),
    ready.map(({ address }) => bare(address)),
  );
}

function compareSockets(
  standing: ReadonlyMap<string, Socket>,
  wanted: ReadonlyMap<string, Socket>,
): Comparison {
  const different = [...turned(standing, wanted)];
  const lacking = [...wanted].filter(([id]) => !standing.has(id)).map(([, socket]) => socket);
  const spare = [...standing].filter(([id]) => !wanted.has(id)).map(([, socket]) => socket);
  // A port of another name stands at the same place: one difference, and not two.
  const spareAt = Map.groupBy(spare, ({ place }) => place);
  const missing: Socket[] = [];
  for (const socket of lacking) {
    const renamed = spareAt.get(socket.place)?.pop();
    if (renamed === undefined) {
      missing.push(socket);
    } else {
      different.push({
        socket,
        message: `the port is named ${quoted(renamed.portName)}, would be ${quoted(socket.portName)}`,
      });
    }
  }
  const superfluous = [...spareAt.values()].flat();
  return {
    wanted: wanted.size,
    standing: standing.size,
    missing: missing.length,
    superfluous: superfluous.length,
    different: different.length,
    examples: someOf([
      missing.map(({ text }) => ({ kind: 'Missing', endpoint: text })),
      superfluous.map(({ text }) => ({ kind: 'Superfluous', endpoint: text })),
      different.map(({ socket, message }) => ({ kind: 'Different', endpoint: socket.text, message })),
    ]),
  };
}

/** Those that stand as they should, but for their readiness. */
function* turned(
  standing: ReadonlyMap<string, Socket>,
  wanted: ReadonlyMap<string, Socket>,
): Iterable<{ readonly socket: Socket; readonly message: string }> {
  for (const [id, socket] of wanted) {
    const other = standing.get(id);
    if (other !== undefined && other.ready !== socket.ready) {
      yield { socket, message: socket.ready ? 'not ready, would be ready' : 'ready, would be not ready' };
    }
  }
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

/** Takes from each sort in turn, so that no sort hides another; the same of the same differences, whatever order they came in. */
function someOf(sorts: readonly (readonly Example[])[]): readonly Example[] {
  const sorted = sorts.map((sort) => sort.toSorted((a, b) => (a.endpoint < b.endpoint ? -1 : 1)));
  const longest = Math.max(...sorted.map(({ length }) => length));
  const taken = Array.from({ length: Math.min(longest, maxExamples) }, (_, place) =>
    sorted.flatMap((sort) => sort[place] ?? []),
  );
  return taken.flat().slice(0, maxExamples);
}
