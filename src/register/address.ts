import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP, isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { optionsError } from '../config/read-options.ts';
import { messageOf } from '../errors.ts';
import { judgeAddress } from '../formats/address.ts';

/** Where the address to register comes from. */
export interface AddressOptions {
  readonly address: string | undefined;
  readonly interface: string | undefined;
  /** URLs of etcd's members. */
  readonly etcd: readonly string[];
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** The address to register, in its canonical form. Throws `INVALID_OPTIONS` that says which option would help. */
export async function findAddress(options: AddressOptions): Promise<string> {
  const { address, interface: name, etcd } = options;
  if (address !== undefined) {
    return judged(address, `--address ${JSON.stringify(address)}`);
  }
  if (name !== undefined) {
    return interfaceAddress(name, networkInterfaces());
  }
  const found = await routeAddress(etcd);
  return judged(found, `--address or --interface is needed: the way to etcd leads from ${found}`);
}

/** The first address of the interface that can be published, IPv4 before IPv6. Throws `INVALID_OPTIONS` that names what there is. */
export function interfaceAddress(name: string, interfaces: Interfaces): string {
  const option = `--interface ${JSON.stringify(name)}`;
  const all = interfaces[name];
  if (all === undefined) {
    throw optionsError([
      `${option}: there is none of this name; there are ${Object.keys(interfaces).join(', ')}`,
    ]);
  }
  const addresses = all.map(({ address }) => address).sort((a, b) => Number(isIPv6(a)) - Number(isIPv6(b)));
  const usable = addresses.find((address) => judgeAddress(address).kind === 'address');
  if (usable === undefined) {
    throw optionsError([
      `${option}: it has no address that others could reach, only ${addresses.join(', ')}`,
    ]);
  }
  return usable;
}

/** The address from which this machine would reach the first member of etcd that has a route. Nothing is sent. */
async function routeAddress(urls: readonly string[]): Promise<string> {
  const problems: string[] = [];
  for (const url of urls) {
    try {
      return await localAddress(new URL(url));
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw optionsError([
    `--address or --interface is needed: no way to etcd was found (${problems.join(', ')})`,
  ]);
}

async function localAddress({ hostname, port }: URL): Promise<string> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const remote = isIP(host) === 0 ? (await lookup(host)).address : host;
  const socket = createSocket(isIPv6(remote) ? 'udp6' : 'udp4');
  try {
    // A connected UDP socket has chosen its route, and no packet has left.
    socket.connect(Number(port), remote);
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}

function judged(address: string, what: string): string {
  const verdict = judgeAddress(address);
  if (verdict.kind === 'rejected') {
    throw optionsError([`${what}: ${verdict.message}`]);
  }
  return verdict.address;
}
