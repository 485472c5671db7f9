import { isIPv4, isIPv6 } from 'node:net';
import { cidrMatcher } from './cidr.ts';
import { type Rejection, rejected } from './rejection.ts';

/** An address that can be published, in its canonical form. */
export interface Address {
  readonly kind: 'address';
  readonly address: string;
}

/**
 * Ranges that are no endpoint of anybody. The apiserver refuses the unspecified, loopback and link-local ones (`ValidateEndpointIP` of
 * Kubernetes); no connection can be made to any other multicast address or to the broadcast address either.
 */
const refusedRanges: readonly { readonly what: string; readonly cidrs: readonly string[] }[] = [
  { what: 'the unspecified address', cidrs: ['0.0.0.0/32', '::/128'] },
  { what: 'a loopback address', cidrs: ['127.0.0.0/8', '::1/128'] },
  { what: 'a link-local address', cidrs: ['169.254.0.0/16', 'fe80::/10'] },
  { what: 'a multicast address', cidrs: ['224.0.0.0/4', 'ff00::/8'] },
  { what: 'the broadcast address', cidrs: ['255.255.255.255/32'] },
];

/** All of them at once: nearly every address is in none. */
const refused = cidrMatcher(refusedRanges.flatMap(({ cidrs }) => cidrs));

const mappedRange = '::ffff:';
const longestHostName = 253;
const hostLabel = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/i;

/**
 * Judges whether `text` is an address that Kubernetes accepts and that means one host to every reader. Text that is no address is
 * never repeated in the message.
 */
export function judgeAddress(text: string): Address | Rejection {
  if (isIPv4(text)) {
    return judgeRange(text);
  }
  if (isIPv6(text)) {
    return judgeIPv6(text);
  }
  if (/^[0-9]+(\.[0-9]+){3}$/.test(text)) {
    const message = 'an IPv4 address has four numbers from 0 to 255 without leading zeros';
    return rejected('InvalidAddress', message);
  }
  return isHostName(text)
    ? rejected('HostName', 'the address is a DNS name; register the IP address instead')
    : rejected('InvalidSyntax', 'the address is neither an IPv4 nor an IPv6 address');
}

function judgeIPv6(text: string): Address | Rejection {
  if (text.includes('%')) {
    return rejected('InvalidAddress', 'an address with a zone id means another interface on each host');
  }
  const address = canonicalIPv6(text);
  if (address.startsWith(mappedRange)) {
    return rejected('InvalidAddress', `${address} is an IPv4-mapped address; register the IPv4 address`);
  }
  return judgeRange(address);
}

/** RFC 5952, by the URL standard's serialiser: `node:net` writes the low addresses of `::/96` with dots, Kubernetes does not. */
export function canonicalIPv6(text: string): string {
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

function judgeRange(address: string): Address | Rejection {
  if (!refused(address)) {
    return { kind: 'address', address };
  }
  const range = refusedRanges.find(({ cidrs }) => cidrMatcher(cidrs)(address));
  return rejected('InvalidAddress', `${address} is ${range?.what}`);
}

/** Whether `text` could be resolved by DNS. A name whose last label is a number is an address to some readers and no name. */
function isHostName(text: string): boolean {
  if (text.length > longestHostName) {
    return false;
  }
  const labels = text.replace(/\.$/, '').split('.');
  return labels.every((label) => hostLabel.test(label)) && !/^[0-9]+$/.test(labels.at(-1) ?? '');
}
