import { TerminalError } from '../../errors.ts';

/** The members of a cluster as they were named. */
export interface Addresses {
  /** `host:port`, each once, in the order given; an IPv6 host in brackets. */
  readonly members: readonly string[];
  /** Whether they speak TLS. */
  readonly secure: boolean;
}

/**
 * Parses the URLs of the members. Throws a TerminalError with code ETCD_INVALID_HOSTS that names the host; it never repeats
 * credentials.
 */
export function parseHosts(hosts: readonly string[]): Addresses {
  if (hosts.length === 0) {
    throw invalid('no etcd host is given; name at least one as http://host:port');
  }
  const urls = hosts.map(parseHost);
  const [first] = urls;
  const odd = urls.find((url) => url.protocol !== first?.protocol);
  if (odd !== undefined) {
    throw invalid(`etcd hosts mix http and https (${first?.host}, ${odd.host}); use one scheme for all`);
  }
  return { members: [...new Set(urls.map((url) => url.host))], secure: first?.protocol === 'https:' };
}

interface HostUrl {
  readonly protocol: string;
  readonly host: string;
}

function parseHost(text: string): HostUrl {
  const match = /^(?<scheme>[a-z]+):\/\/(?:(?<user>[^@/]*)@)?(?<host>[^@]*?)\/?$/i.exec(text.trim());
  const { scheme = '', user, host = '' } = match?.groups ?? {};
  if (match === null) {
    throw invalid(`etcd host "${withoutUser(text)}" is no URL; write http://host:port or https://host:port`);
  }
  if (user !== undefined) {
    throw invalid(`etcd host "${host}" carries credentials in its URL; give user and password apart from it`);
  }
  const protocol = `${scheme.toLowerCase()}:`;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw invalid(`etcd host "${text}" has the scheme ${scheme}; use http or https`);
  }
  return { protocol, host: checkHostPort(host, text) };
}

function checkHostPort(host: string, text: string): string {
  const match = /^(?<name>\[[0-9a-f:.%]+\]|[^:/?#[\]\s]+):(?<port>\d{1,5})$/i.exec(host);
  const port = Number(match?.groups?.['port']);
  if (match === null || port < 1 || port > 65535) {
    throw invalid(`etcd host "${text}" needs a host and a port from 1 to 65535, as in http://host:2379`);
  }
  return `${match.groups?.['name']?.toLowerCase()}:${port}`;
}

/** Nothing before an `@` is repeated: it may be a password. */
function withoutUser(text: string): string {
  return text.replace(/^.*@/s, '…@');
}

function invalid(message: string): TerminalError {
  return new TerminalError('ETCD_INVALID_HOSTS', message);
}
