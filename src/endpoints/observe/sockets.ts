import type { DesiredEndpoint } from '../types.ts';

/** What clients of a Service see of one address and port. */
export interface Socket {
  /** `192.0.2.1:80/TCP (http)`, for people. */
  readonly text: string;
  /** Address, port and protocol, whatever the port is called. */
  readonly place: string;
  readonly portName: string;
  readonly ready: boolean;
}

/**
 * The sockets of endpoints by address, port, protocol and name of the port: one that stands several times is ready where any says so. What drains
 * is left out: it goes by itself.
 */
export function socketsOf(endpoints: Iterable<DesiredEndpoint>): ReadonlyMap<string, Socket> {
  const found = new Map<string, Socket>();
  for (const endpoint of endpoints) {
    for (const socket of endpoint.drainUntil === undefined ? socketsOfOne(endpoint) : []) {
      const id = `${socket.place}|${socket.portName}`;
      if (found.get(id)?.ready !== true) {
        found.set(id, socket);
      }
    }
  }
  return found;
}

/** An endpoint without ports is its address alone. */
function socketsOfOne({ address, ports, ready }: DesiredEndpoint): readonly Socket[] {
  if (ports.length === 0) {
    return [{ text: address, place: address, portName: '', ready }];
  }
  const host = address.includes(':') ? `[${address}]` : address;
  return ports.map(({ name, port, protocol }) => ({
    text: `${host}:${port}/${protocol}${name === '' ? '' : ` (${name})`}`,
    place: `${address}|${port}|${protocol}`,
    portName: name,
    ready,
  }));
}
