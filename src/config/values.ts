/** How the texts of options are read. Every message says what is expected, in words that follow the flag and its value. */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { isCidr } from '../formats/cidr.ts';
import type { AllowedPrefix } from './allowed-prefix.ts';

/** A schema that reads a text by a function; undefined means that it is not what is `expected`. */
function reads<Value>(expected: string, read: (text: string) => Value | undefined): z.ZodType<Value, string> {
  return z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) {
      return value;
    }
    context.addIssue({ code: 'custom', message: `expected ${expected}` });
    return z.NEVER;
  });
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A length of time with its unit, in milliseconds: `500ms`, `5s`, `10m`, `1.5h`. */
export function duration(least: string, most: string): z.ZodType<number, string> {
  const [leastMs, mostMs] = [durationMs(least) ?? 0, durationMs(most) ?? 0];
  return reads(`a time such as 500ms, 5s or 10m, from ${least} to ${most}`, (text) =>
    within(durationMs(text), leastMs, mostMs),
  );
}

function durationMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unitsMs[unit ?? ''] ?? Number.NaN);
}

const unitsBytes: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** A number of bytes as Kubernetes writes it: `65536`, `64Ki`, `256Mi`. */
export function bytes(least: string, most: string): z.ZodType<number, string> {
  const [leastBytes, mostBytes] = [byteCount(least) ?? 0, byteCount(most) ?? 0];
  return reads(`a number of bytes such as 65536, 64Ki or 256Mi, from ${least} to ${most}`, (text) =>
    within(byteCount(text), leastBytes, mostBytes),
  );
}

function byteCount(text: string): number | undefined {
  const [, amount, unit] = /^(\d+)(Ki|Mi|Gi)?$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unitsBytes[unit ?? ''] ?? Number.NaN);
}

export function wholeNumber(least: number, most: number): z.ZodType<number, string> {
  return reads(`a whole number from ${least} to ${most}`, (text) =>
    /^\d+$/.test(text) ? within(Number(text), least, most) : undefined,
  );
}

function within(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

export function oneOf<const Word extends string>(...words: readonly Word[]): z.ZodType<Word, string> {
  const schema = reads(`one of ${words.join(', ')}`, (text) => words.find((word) => word === text));
  return schema.meta({ words });
}

/** Whether a switch is on. */
export const onOff: z.ZodType<boolean, string> = reads('true or false', (given) =>
  given === 'true' || given === 'false' ? given === 'true' : undefined,
);

/** Any text, the empty one too. */
export const anyText: z.ZodType<string, string> = z.string();

/** Any text but the empty one. */
export const text: z.ZodType<string, string> = reads('a text that is not empty', (given) =>
  given === '' ? undefined : given,
);

export const filePath: z.ZodType<string, string> = reads('the path of a file', (path) =>
  path === '' || path.includes('\0') ? undefined : path,
).meta({ isPath: true });

/** A name as RFC 1123 has it for a label: what namespaces are called. */
export const namespaceName: z.ZodType<string, string> = reads(
  'the name of a namespace: at most 63 of a-z, 0-9 and -, with a letter or digit at both ends',
  (name) => (isNamespaceName(name) ? name : undefined),
);

export function isNamespaceName(name: string): boolean {
  return name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name);
}

/** `namespace=prefix`; an empty prefix is every key. */
export const allowedPrefix: z.ZodType<AllowedPrefix, string> = reads(
  'namespace=prefix, such as shop=/services/',
  (given) => {
    const split = given.indexOf('=');
    const namespace = given.slice(0, Math.max(0, split));
    return isNamespaceName(namespace) ? { namespace, prefix: given.slice(split + 1) } : undefined;
  },
);

export const cidr: z.ZodType<string, string> = reads('a range such as 10.96.0.0/12 or fd00::/108', (range) =>
  isCidr(range) ? range : undefined,
);

/** A port that is registered; `''` where it has no name. */
export interface NamedPort {
  readonly name: string;
  readonly port: number;
}

/** `8080` or `http=8080`. */
export const namedPort: z.ZodType<NamedPort, string> = reads(
  'a port such as 8080 or http=8080, from 1 to 65535',
  (given) => {
    const [, name = '', digits = ''] =
      /^(?:([A-Za-z][A-Za-z0-9_-]{0,62})=)?([1-9]\d{0,4})$/.exec(given) ?? [];
    const port = within(Number(digits), 1, 65_535);
    return port === undefined ? undefined : { name, port };
  },
);

/** Metadata that is registered. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** `zone=a`; the text may be empty. */
export const namedText: z.ZodType<NamedText, string> = reads('a name and a text, such as zone=a', (given) => {
  const split = given.indexOf('=');
  return split > 0 ? { name: given.slice(0, split), text: given.slice(split + 1) } : undefined;
});

/** Where a server listens. */
export interface ListenAddress {
  /** Absent: on every address of the machine. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
}

/** `:8080`, `127.0.0.1:8080` or `[::1]:8080`. */
export const listenAddress: z.ZodType<ListenAddress, string> = reads(
  'an address to listen on such as :8080, 127.0.0.1:8080 or [::1]:8080',
  parseListenAddress,
);

/** An address that only this machine reaches. */
export const loopbackAddress: z.ZodType<ListenAddress, string> = reads(
  'an address of this machine alone such as 127.0.0.1:8081 or [::1]:8081',
  (text) => {
    const address = parseListenAddress(text);
    const { host = '' } = address ?? {};
    return host === '::1' || (isIPv4(host) && host.startsWith('127.')) ? address : undefined;
  },
);

function parseListenAddress(text: string): ListenAddress | undefined {
  const [, v6, host, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/@]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    return undefined;
  }
  const name = v6 ?? host ?? '';
  return name === '' ? { port } : { host: name, port };
}

/** The URL of an etcd member in its shortest form, `https://10.0.0.1:2379`. Without a scheme it is http, without a port 2379, as etcdctl has it. */
export const etcdUrl: z.ZodType<string, string> = z.string().transform((given, context) => {
  const refuse = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const expected = 'expected the URL of an etcd member such as https://10.0.0.1:2379';
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`);
  if (url === null || url.hostname === '') {
    return refuse(expected);
  }
  if (url.username !== '' || url.password !== '') {
    return refuse('a URL holds no user or password here: expected --etcd-user and --etcd-password-file');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return refuse(`${expected}, with http or https`);
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return refuse(`${expected}, with nothing after the port`);
  }
  return `${url.protocol}//${url.hostname}:${portOf(given, url)}`;
});

/** URL drops a port that is its scheme's own; etcd's own is another. */
function portOf(given: string, url: URL): string {
  if (url.port !== '') {
    return url.port;
  }
  const [, written] = /:(80|443)\/?$/.exec(given) ?? [];
  return written ?? '2379';
}
