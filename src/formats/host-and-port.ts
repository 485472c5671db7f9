import { agreeOnPort, saying } from './claims.ts';
import { type HostPort, readHost, readHostPort } from './host-port.ts';
import { type Rejection, rejected } from './rejection.ts';

/**
 * Reads the fields `host` and `port` of an object. A port that is absent, null or empty is none; where the host has one beside it, both
 * must be the same.
 */
export function readHostAndPort(host: unknown, port: unknown): HostPort | Rejection {
  if (typeof host !== 'string') {
    return rejected('InvalidSyntax', 'host is no text');
  }
  const ports = saying([{ field: 'port', value: port }]);
  const read = ports.length > 0 ? readHost(host) : readHostPort(host);
  if (read.kind === 'rejected') {
    return read;
  }
  const agreed = agreeOnPort([...ports, ...saying([{ field: 'host', value: read.port }])]);
  return typeof agreed === 'object' ? agreed : { ...read, port: agreed };
}
