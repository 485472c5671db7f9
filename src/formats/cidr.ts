import { BlockList, isIP } from 'node:net';

interface Subnet {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Whether an address lies in one of some ranges. */
export type AddressMatcher = (address: string) => boolean;

export function isCidr(text: string): boolean {
  return parseCidr(text) !== undefined;
}

/**
 * Compiles ranges such as `10.0.0.0/8` or `fd00::/8`; bits of the host part are ignored. Texts that are no range are too. An address lies in
 * ranges of its own family alone.
 */
export function cidrMatcher(cidrs: readonly string[]): AddressMatcher {
  const subnets = cidrs.map(parseCidr).filter((subnet) => subnet !== undefined);
  if (subnets.length === 0) {
    return holdsNothing;
  }
  // One list for both would take an IPv4 address for its IPv6 form ::ffff:a.b.c.d, which ::/0 and ::/64 hold.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const { address, bits, family } of subnets) {
    lists[family].addSubnet(address, bits, family);
  }
  return (address) => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return lists[family].check(address, family);
  };
}

const holdsNothing: AddressMatcher = () => false;

function parseCidr(text: string): Subnet | undefined {
  const [, address = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const version = isIP(address);
  const bits = Number(digits);
  if (version === 0 || bits > (version === 4 ? 32 : 128)) {
    return undefined;
  }
  return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}
