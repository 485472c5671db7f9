import { isIPv6 } from 'node:net';
import type { Instance } from '../formats/types.ts';

/** `10.0.0.5:8080`, `[fd00::1]:8080`, `10.0.0.5` without a port, `10.0.0.5 grpc:9000 http:8080` with named ones. */
export function instanceText({ address, ports }: Instance): string {
  const named = Object.entries(ports).filter(([name]) => name !== '');
  const port = Object.hasOwn(ports, '') ? ports[''] : undefined;
  const host = port === undefined ? address : `${isIPv6(address) ? `[${address}]` : address}:${port}`;
  return [host, ...named.map(([name, number]) => `${name}:${number}`).sort()].join(' ');
}
