import { isIPv6 } from 'node:net';
import { judgeAddress } from './address.ts';
import { parsePort } from './port.ts';
import { type Rejection, rejected } from './rejection.ts';

/** A publishable address and the port beside it, if any. */
export interface HostPort {
  readonly kind: 'host-port';
  readonly address: string;
  readonly port: number | undefined;
}

interface Parts {
  readonly kind: 'parts';
  readonly host: string;
  readonly port: string | undefined;
}

/**
 * Reads `host:port`, `[v6]:port`, or an address alone. IPv6 with a port but without brackets is refused: `fd00::1:8080` is an address
 * of its own as well.
 */
export function readHostPort(text: string): HostPort | Rejection {
  const parts = splitHostPort(text);
  return parts.kind === 'rejected' ? parts : judgeParts(parts);
}

/** As {@link readHostPort} where the port is named elsewhere: an IPv6 address without brackets is an address alone. */
export function readHost(text: string): HostPort | Rejection {
  return isIPv6(text) ? judgeParts({ kind: 'parts', host: text, port: undefined }) : readHostPort(text);
}

function judgeParts({ host, port }: Parts): HostPort | Rejection {
  const judged = judgeAddress(host);
  if (judged.kind === 'rejected') {
    return judged;
  }
  const number = parsePort(port);
  if (port !== undefined && number === undefined) {
    return rejected('InvalidPort', `the port of ${judged.address} is no whole number from 1 to 65535`);
  }
  return { kind: 'host-port', address: judged.address, port: number };
}

function splitHostPort(text: string): Parts | Rejection {
  if (text.startsWith('[')) {
    return splitBrackets(text);
  }
  const colon = text.lastIndexOf(':');
  if (colon === -1) {
    return { kind: 'parts', host: text, port: undefined };
  }
  const host = text.slice(0, colon);
  const port = text.slice(colon + 1);
  if (isIPv6(host) && parsePort(port) !== undefined) {
    const message =
      'an IPv6 address with a port needs brackets, [address]:port; without a port it may have them too';
    return rejected(isIPv6(text) ? 'Ambiguous' : 'InvalidAddress', message);
  }
  return isIPv6(text) ? { kind: 'parts', host: text, port: undefined } : { kind: 'parts', host, port };
}

function splitBrackets(text: string): Parts | Rejection {
  const [, host = '', port] = /^\[([^[\]]*)\](?::(.*))?$/.exec(text) ?? [];
  return isIPv6(host)
    ? { kind: 'parts', host, port }
    : rejected('InvalidSyntax', 'brackets hold an IPv6 address, as in [address]:port');
}
