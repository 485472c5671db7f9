import { z } from 'zod';
import { readHostPort } from './host-port.ts';
import { ignored, itemAt } from './item.ts';
import { flatMetadata } from './metadata.ts';
import { rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Item, Unwritable, Written } from './types.ts';
import { isScheme } from './url.ts';
import { hostPortText, lackOfPlace, portOf } from './writing.ts';

/** The block `rpcx` of an EtcdService. */
const rpcxOptions = z.object({
  group: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe(
      'Takes only instances of this group; one may be in several. Absent, any group and none will do.',
    ),
});

type RpcxOptions = z.output<typeof rpcxOptions>;

/** Networks that rpcx knows, for its own `network@host:port`. */
const networks = ['tcp', 'http', 'ws', 'wss', 'quic', 'kcp', 'unix', 'reuseport', 'memu', 'iouring', 'rdma'];

/** Figures that a server writes anew every minute; they say nothing of where it is. */
const figures: ReadonlySet<string> = new Set(['calls', 'connections', 'tps']);

/** What rpcx's plugin for etcd writes: the address in the key, metadata as a query. */
export const rpcx = {
  name: 'rpcx',
  summary:
    'Servers of rpcx. The network, such as `tcp`, is the name of the port. `state=inactive` is not ready. Metadata are the parameters of the value without `calls`, `connections` and `tps`; several groups are joined by commas.',
  key: '<base>/<service>/<network>@<host>:<port>',
  value: 'URL query',
  example: {
    source: { prefix: 'com/example/rpcx/Arith' },
    registrations: {
      'com/example/rpcx/Arith/tcp@10.0.0.5:8972': 'weight=10&group=test',
      'com/example/rpcx/Arith/tcp@10.0.0.6:8972': 'weight=10&group=test&state=inactive',
    },
  },
  traps:
    'Base and service are keys of their own, with the values `rpcx_path` and the name: ignored. Servers with metrics write their values anew all the time: nothing changes by that.',
  options: rpcxOptions,
  compile: (options: RpcxOptions | undefined) => (entry: Entry) => ({
    format: 'rpcx',
    items: [readServer(entry, options?.group)],
  }),
  recognises: (entry: Entry) => networks.includes(splitKey(entry).network ?? ''),
  write: writeServer,
} satisfies Format<RpcxOptions>;

function readServer(entry: Entry, wanted: string | undefined): Item {
  const { network = '', address } = splitKey(entry);
  if (entry.value === 'rpcx_path' || entry.value === address) {
    return ignored('the key of a base or of a service');
  }
  if (address === '') {
    return rejected('NoAddress', 'the last part of the key is empty, where network@host:port should be');
  }
  const params = new URLSearchParams(entry.value);
  const groups = params.getAll('group');
  if (wanted !== undefined && !groups.includes(wanted)) {
    return ignored('it is not in the group asked for');
  }
  const lasting = [...params].filter(([name]) => !figures.has(name) && name !== 'group');
  const group = groups.length === 0 ? undefined : groups.join(',');
  return itemAt(readHostPort(address), {
    portName: network,
    ready: params.get('state') !== 'inactive',
    metadata: flatMetadata({ group }, Object.fromEntries(lasting)),
  });
}

/** Splits `network@host:port` at the end of the key. A path of a Unix socket has slashes, so that it is not the last part alone. */
function splitKey({ key, below }: Entry): { readonly network: string | undefined; readonly address: string } {
  const text = below === '' ? key : below;
  const at = text.lastIndexOf('@');
  const before = at === -1 ? text : text.slice(0, at);
  const last = before.slice(before.lastIndexOf('/') + 1);
  return at === -1 ? { network: undefined, address: last } : { network: last, address: text.slice(at + 1) };
}

function writeServer({ instance }: Announcement): Written | Unwritable {
  const { address, ports, ready, metadata } = instance;
  const [network = ''] = Object.keys(ports);
  if (network !== '' && !isScheme(network)) {
    return { problem: 'the name of the port is its network, such as tcp' };
  }
  if ([...figures, 'state'].some((name) => Object.hasOwn(metadata, name))) {
    return { problem: `metadata ${[...figures, 'state'].join(', ')} are rpcx's own` };
  }
  const query = new URLSearchParams({ ...metadata, ...(ready ? {} : { state: 'inactive' }) });
  return (
    lackOfPlace(instance, { ports: 'one', metadata: true, notReady: true }) ?? {
      below: `${network === '' ? 'tcp' : network}@${hostPortText(address, portOf(instance))}`,
      value: query.toString(),
    }
  );
}
