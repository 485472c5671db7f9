import type { EtcdOptions } from '../etcd/options.ts';
import { type FormatName, formatNames } from '../formats/formats.ts';
import type { Source } from '../formats/source.ts';
import { etcdConfig, etcdOptions, type Reread, rereadFiles } from './etcd-options.ts';
import type { OptionTable, Values } from './option.ts';
import { type OptionSource, optionsError, readOptions } from './read-options.ts';
import { anyText, bytes, duration, oneOf, onOff, text } from './values.ts';

/** Every option of `etcd-endpoints discover`. */
export const discoverOptions = {
  prefix: {
    value: text,
    isWord: true,
    noEnv: true,
    placeholder: 'PREFIX',
    doc: 'The prefix below which registrations lie: `/services/web` is what begins with /services/web/. The flag may be left out.',
  },
  key: {
    value: text,
    placeholder: 'KEY',
    doc: 'The one key that holds a registration, instead of a prefix.',
  },
  separator: {
    rare: true,
    value: anyText,
    default: '/',
    placeholder: 'TEXT',
    doc: 'What parts keys into levels, and is added to the prefix where it lacks. An empty one takes the bytes of the prefix as they are.',
  },
  format: {
    value: oneOf(...formatNames),
    default: 'auto',
    placeholder: 'FORMAT',
    doc: `How registrations are read: ${formatNames.join(', ')}.`,
  },
  output: {
    value: oneOf('table', 'json'),
    default: 'table',
    placeholder: 'FORM',
    doc: 'table for people; json for programs, one object a line. A table that is followed updates itself on a terminal, and elsewhere is a line for each change.',
  },
  tree: {
    value: onOff,
    isSwitch: true,
    default: 'false',
    placeholder: 'BOOLEAN',
    doc: 'Shows every level of the key hierarchy as up, partly up or down.',
  },
  once: {
    value: onOff,
    isSwitch: true,
    default: 'false',
    placeholder: 'BOOLEAN',
    doc: 'Lists what is registered now and ends, instead of following what changes.',
  },
  leases: {
    value: onOff,
    isSwitch: true,
    default: 'false',
    placeholder: 'BOOLEAN',
    doc: 'Shows the lease of each registration and the time that remains to it, asked again every five seconds, at most 20 leases a second.',
  },
  timeout: {
    rare: true,
    value: duration('100ms', '1h'),
    default: '10s',
    placeholder: 'TIME',
    doc: 'With --once: how long the list may take until the command fails. What is followed is tried on without an end.',
  },
  'max-value-bytes': {
    rare: true,
    value: bytes('1Ki', '16Mi'),
    default: '256Ki',
    placeholder: 'BYTES',
    doc: 'The largest value of a registration that is read; a larger one is rejected as ValueTooLarge.',
  },
  ...etcdOptions,
} as const satisfies OptionTable;

/** What `discover` is to show, and of which etcd. */
export interface DiscoverConfig {
  readonly etcd: EtcdOptions;
  /** Reads again what files hold that the options name for etcd; undefined where they name none. */
  readonly rereadEtcd: Reread<EtcdOptions>;
  readonly source: Source;
  readonly format: FormatName;
  readonly output: 'table' | 'json';
  readonly tree: boolean;
  readonly once: boolean;
  readonly leases: boolean;
  readonly timeoutMs: number;
  readonly maxValueBytes: number;
  /** Whether a terminal gets colours: not with NO_COLOR (no-color.org) or on a terminal that knows no escape sequences. */
  readonly colour: boolean;
  /** Whether a terminal understands the escape sequences that move its cursor. */
  readonly canRedraw: boolean;
}

/** Reads the configuration of `discover`. Throws a TerminalError with code `INVALID_OPTIONS` that names each wrong option. */
export function discoverConfig(source: OptionSource): DiscoverConfig {
  const values = readOptions(discoverOptions, source);
  const problems = [...sourceProblems(values)];
  if (problems.length > 0) {
    throw optionsError(problems);
  }
  const { prefix, key, separator, format, output, tree, once, leases, timeout } = values;
  const canRedraw = source.env['TERM'] !== 'dumb';
  return {
    etcd: etcdConfig(values, source),
    rereadEtcd: rereadFiles(values, () => etcdConfig(values, source)),
    source: { prefix, key, separator },
    format,
    output,
    tree,
    once,
    leases,
    timeoutMs: timeout,
    maxValueBytes: values['max-value-bytes'],
    colour: canRedraw && (source.env['NO_COLOR'] ?? '') === '',
    canRedraw,
  };
}

function* sourceProblems(values: Values<typeof discoverOptions>): Generator<string> {
  const { prefix, key, separator, tree, leases } = values;
  if (prefix === undefined && key === undefined) {
    yield 'A prefix is needed, such as /services/web; or --key for one key';
  }
  if (prefix !== undefined && key !== undefined) {
    yield '--key and a prefix are given, but only one can be followed';
  }
  if (tree && key !== undefined) {
    yield '--tree needs a prefix: one key has no levels';
  }
  if (tree && separator === '') {
    yield '--tree needs a --separator that parts keys into levels';
  }
  if (tree && leases) {
    yield '--leases belongs to the table of instances: leave it or --tree out';
  }
}
