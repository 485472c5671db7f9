import { isIP, isIPv6 } from 'node:net';
import type { EtcdOptions } from '../etcd/options.ts';
import { canonicalIPv6 } from '../formats/address.ts';
import { type FormatName, formatNames } from '../formats/formats.ts';
import { fullPrefix, type Source } from '../formats/source.ts';
import { etcdConfig, etcdOptions } from './etcd-options.ts';
import { explainAddress } from './explain-address.ts';
import type { Option, OptionTable, Values } from './option.ts';
import { type OptionSource, optionsError, readOptions } from './read-options.ts';
import { anyText, bytes, duration, type ListenAddress, oneOf, text } from './values.ts';

const { required: _, ...etcd } = etcdOptions.etcd;

/** Every option of `etcd-endpoints explain`. */
export const explainOptions = {
  name: {
    value: text,
    isWord: true,
    noEnv: true,
    required: true,
    placeholder: 'NAME|KEY',
    doc: 'With --namespace: the name of an EtcdService, which the controller on this machine (or in this Pod) explains. Without: a key of --etcd, whose registration is read and explained. The flag may be left out.',
  },
  namespace: {
    value: text,
    short: 'n',
    noEnv: true,
    placeholder: 'NAMESPACE',
    doc: 'Namespace of the EtcdService.',
  },
  address: {
    value: text
      .refine((address) => isIP(address) !== 0 && !address.includes('%'), { error: 'expected an IP address' })
      .transform((address) => (isIPv6(address) ? canonicalIPv6(address) : address)),
    noEnv: true,
    placeholder: 'ADDRESS',
    doc: 'With --namespace: tells only what concerns this address.',
  },
  since: {
    value: duration('1s', '10000h'),
    noEnv: true,
    placeholder: 'TIME',
    doc: 'With --namespace: tells removals of so long ago until now. Absent: all that the controller remembers.',
  },
  'explain-address': {
    rare: true,
    ...explainAddress,
    doc: 'With --namespace: where the controller answers; in its own pod, that is where it listens by default.',
  },
  format: {
    value: oneOf(...formatNames),
    default: 'auto',
    placeholder: 'FORMAT',
    doc: `Without --namespace: how the registration is read: ${formatNames.join(', ')}.`,
  },
  prefix: {
    value: text,
    noEnv: true,
    placeholder: 'PREFIX',
    doc: 'Without --namespace: the prefix of the EtcdService that the key is read for, where its format looks at more than the one key. Absent, the key is read as spec.key would be.',
  },
  separator: {
    rare: true,
    value: anyText,
    default: '/',
    placeholder: 'TEXT',
    doc: 'Without --namespace: what parts the key.',
  },
  'max-value-bytes': {
    rare: true,
    value: bytes('1Ki', '16Mi'),
    default: '256Ki',
    placeholder: 'BYTES',
    doc: 'Without --namespace: the largest value that is read; a larger one is rejected as ValueTooLarge.',
  },
  output: {
    value: oneOf('text', 'json'),
    default: 'text',
    placeholder: 'FORM',
    doc: 'text for people, json for programs.',
  },
  timeout: {
    rare: true,
    value: duration('100ms', '1h'),
    default: '10s',
    placeholder: 'TIME',
    doc: 'How long the answer may take until the command fails.',
  },
  ...etcdOptions,
  etcd: etcd satisfies Option,
} as const satisfies OptionTable;

/** An EtcdService that a controller is asked about. */
export interface ServiceSubject {
  readonly kind: 'service';
  readonly namespace: string;
  readonly name: string;
  readonly address: string | undefined;
  readonly sinceMs: number | undefined;
  readonly controller: ListenAddress;
}

/** A registration that is read from etcd. */
export interface KeySubject {
  readonly kind: 'key';
  readonly key: string;
  /** What an EtcdService names to follow the key: itself, or a prefix. */
  readonly source: Source;
  readonly format: FormatName;
  readonly maxValueBytes: number;
  readonly etcd: EtcdOptions;
}

/** What `explain` is to explain. */
export interface ExplainConfig {
  readonly subject: ServiceSubject | KeySubject;
  readonly output: 'text' | 'json';
  readonly timeoutMs: number;
}

/** Reads the configuration of `explain`. Throws a TerminalError with code `INVALID_OPTIONS` that names each wrong option. */
export function explainConfig(source: OptionSource): ExplainConfig {
  const values = readOptions(explainOptions, source);
  const problems = [...subjectProblems(values)];
  if (problems.length > 0) {
    throw optionsError(problems);
  }
  const { output, timeout } = values;
  return { subject: subjectOf(values, source), output, timeoutMs: timeout };
}

function subjectOf(values: Values<typeof explainOptions>, source: OptionSource): ExplainConfig['subject'] {
  const { name, namespace, address, since, format, prefix, separator } = values;
  if (namespace !== undefined) {
    const controller = values['explain-address'];
    return { kind: 'service', namespace, name, address, sinceMs: since, controller };
  }
  const maxValueBytes = values['max-value-bytes'];
  return {
    kind: 'key',
    key: name,
    source: prefix === undefined ? { key: name, separator } : { prefix, separator },
    format,
    maxValueBytes,
    etcd: etcdConfig(values, source),
  };
}

function* subjectProblems(values: Values<typeof explainOptions>): Generator<string> {
  const { name, namespace, address, since, prefix, separator } = values;
  if (namespace !== undefined) {
    return;
  }
  if (values.etcd.length === 0) {
    yield '--namespace is needed for an EtcdService, or --etcd for a key';
  }
  if (prefix !== undefined && !name.startsWith(fullPrefix({ prefix, separator }))) {
    yield `--prefix ${JSON.stringify(prefix)} does not hold the key ${JSON.stringify(name)}`;
  }
  if (address !== undefined || since !== undefined) {
    yield '--address and --since belong to an EtcdService: add its --namespace';
  }
}
