import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface DnsServer {
  /** The addresses (IPv4) of each name; any other name does not exist. */
  readonly names: Map<string, readonly string[]>;
  /** Environment of a Node.js process that asks this server and no other. */
  readonly env: Readonly<Record<string, string>>;
  close(): void;
}

/** A DNS server that knows the names that it is given. */
export async function startDnsServer(): Promise<DnsServer> {
  const names = new Map<string, readonly string[]>();
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => socket.send(answer(query, names), port, address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const program = `import{setServers}from"node:dns";setServers(["127.0.0.1:${socket.address().port}"])`;
  return {
    names,
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` },
    close: () => socket.close(),
  };
}

/** RFC 1035: the header with its counts, the question again, and an A record for each address. */
function answer(query: Buffer, names: ReadonlyMap<string, readonly string[]>): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const question = query.subarray(12, at + 5);
  const isIPv4 = query.readUInt16BE(at + 1) === 1;
  const known = names.get(labels.join('.'));
  const addresses = isIPv4 ? (known ?? []) : [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([header, question, ...records]);
}
