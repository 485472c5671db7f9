import { readHostPort } from './host-port.ts';
import { itemAt } from './item.ts';
import type { Format, Instance } from './types.ts';
import { cannotWrite } from './writing.ts';

/** `<host>:<container>:<exposed port>`, with `:udp` for that protocol (registrator, docs/user/services.md). */
const idPattern = /^([^:]+):([^:]+):([1-9][0-9]{0,4})(:udp)?$/;

/** Containers, as gliderlabs/registrator announces them. */
export const registrator: Format = {
  name: 'registrator',
  summary:
    'Containers, as gliderlabs/registrator announces them: the value is `ip:port`, and the parts of the id become the metadata `host`, `container`, `exposedPort` and `protocol` (`tcp` or `udp`).',
  key: '<prefix>/<service>/<host>:<container>:<exposed port>[:udp]',
  value: '`ip:port`',
  example: {
    source: { prefix: '/services/redis' },
    registrations: { '/services/redis/host1:redis.0:6379': '192.168.1.102:10000' },
  },
  traps:
    'Registrator writes by the v2 API of etcd, whose keys a v3 client sees only after a migration; TCP and UDP ports of a service stand side by side: filter by `protocol`; without `-ttl` registrations stay for ever.',
  compile: () => (entry) => {
    const host = readHostPort(entry.value.trim());
    return { format: 'registrator', items: [itemAt(host, { metadata: idMetadata(entry.lastPart) })] };
  },
  recognises: ({ lastPart, value }) => idPattern.test(lastPart) && /^[0-9[]/.test(value),
  write: cannotWrite('registrator itself announces containers; use plain, which has the same values'),
};

/** The parts of the id; none where it is one that a container asked for by itself. */
function idMetadata(id: string): Instance['metadata'] {
  const [, host, container, exposedPort, udp] = idPattern.exec(id) ?? [];
  return host === undefined || container === undefined || exposedPort === undefined
    ? {}
    : { host, container, exposedPort, protocol: udp === undefined ? 'tcp' : 'udp' };
}
