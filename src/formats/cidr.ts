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

/** Compiles ranges such as `10.0.0.0/8` or `fd00::/8`; bits of the host part are ignored. Texts that are no range are too. */
export function cidrMatcher(cidrs: readonly string[]): AddressMatcher {
  const list = new BlockList();
  for (const subnet of cidrs.map(parseCidr)) {
    if (subnet !== undefined) {
      list.addSubnet(subnet.address, subnet.bits, subnet.family);
    }
  }
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function parseCidr(text: string): Subnet | undefined {
  const [, address = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const version = isIP(address);
  const bits = Number(digits);
  if (version === 0 || bits > (version === 4 ? 32 : 128)) {
    return undefined;
  }
  return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}
