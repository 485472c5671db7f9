import { type HostPort, readHostPort } from './host-port.ts';
import { type Rejection, rejected } from './rejection.ts';

/** A URL whose host is an address that can be published. */
export interface AddressUrl {
  readonly kind: 'url';
  /** In lower case. */
  readonly scheme: string;
  readonly host: HostPort;
  /** The text between `?` and `#`, as it is. */
  readonly query: string;
}

const schemePattern = /^[a-z][a-z0-9+.-]{0,62}$/;

/** Whether a name can be the scheme of a URL as it is. */
export function isScheme(name: string): boolean {
  return schemePattern.test(name);
}

/**
 * Reads `scheme://host:port/path?query`; a user before the host is left out. The URL standard's own parser is no help: it takes
 * `http://1` for 0.0.0.1, and forgets a port that is the scheme's usual one.
 */
export function readUrl(text: string): AddressUrl | Rejection {
  const mark = text.indexOf('://');
  const scheme = text.slice(0, Math.max(mark, 0)).toLowerCase();
  if (!isScheme(scheme)) {
    return rejected('InvalidSyntax', 'the text is no URL, as in scheme://host:port');
  }
  const rest = text.slice(mark + 3);
  const end = rest.search(/[/?#]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  const host = readHostPort(authority.slice(authority.lastIndexOf('@') + 1));
  return host.kind === 'rejected' ? host : { kind: 'url', scheme, host, query: queryOf(rest) };
}

/** The parameters of a query; of one that stands there several times, the last counts. */
export function paramsOf(query: string): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(query));
}

function queryOf(rest: string): string {
  const [beforeFragment = ''] = rest.split('#', 1);
  const mark = beforeFragment.indexOf('?');
  return mark === -1 ? '' : beforeFragment.slice(mark + 1);
}
