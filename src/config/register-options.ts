import type { EtcdOptions } from '../etcd/options.ts';
import { type FormatName, formatNames } from '../formats/formats.ts';
import { etcdConfig, etcdOptions, type Reread, rereadFiles } from './etcd-options.ts';
import { environmentName, type OptionTable, type Values } from './option.ts';
import { type OptionSource, optionsError, readOptions } from './read-options.ts';
import {
  anyText,
  duration,
  type NamedPort,
  type NamedText,
  namedPort,
  namedText,
  oneOf,
  onOff,
  text,
  wholeNumber,
} from './values.ts';

/** etcd grants no more (etcd, server/lease/lessor.go, MaxLeaseTTL). */
const mostTtlSeconds = 9_000_000_000;

/** Every option of `etcd-endpoints register`. */
export const registerOptions = {
  key: {
    value: text,
    many: true,
    verbatim: true,
    placeholder: 'TEMPLATE',
    doc: 'The key to register, such as /services/web/{hostname}. {hostname}, {address}, {port}, {port.NAME}, {pid} and {env.NAME} are filled in. Either this or --prefix is needed.',
  },
  value: {
    value: anyText,
    many: true,
    verbatim: true,
    placeholder: 'TEMPLATE',
    doc: 'The value of the key, such as {address}:{port}; one for each --key, in their order. Absent: made of address and ports by --format.',
  },
  prefix: {
    value: text,
    placeholder: 'TEMPLATE',
    doc: 'The prefix of the service, such as /micro/registry/greeter: --format makes key and value below it. Its last part is the name of the service.',
  },
  id: {
    rare: true,
    value: text,
    placeholder: 'TEMPLATE',
    doc: 'With --prefix: what tells this instance from the others of the service. Absent: {hostname}. Formats with the address in the key need none.',
  },
  format: {
    value: oneOf(...formatNames),
    default: 'plain',
    placeholder: 'FORMAT',
    doc: 'How the registration is written: plain for address:port, json for an object; with --prefix any of docs/formats.md that can be written. A --value that is json must be JSON, and what is filled in is escaped.',
  },
  metadata: {
    value: namedText,
    many: true,
    verbatim: true,
    placeholder: 'NAME=TEMPLATE',
    doc: 'What else is said of the instance, such as zone={env.ZONE}, where the format has a place for it.',
  },
  address: {
    value: text,
    placeholder: 'ADDRESS',
    doc: 'The address to register. Absent: that of --interface, else the one from which this machine reaches etcd.',
  },
  interface: {
    rare: true,
    value: text,
    placeholder: 'NAME',
    doc: 'The network interface whose address is registered, such as eth0.',
  },
  port: {
    value: namedPort,
    many: true,
    noEnv: true,
    placeholder: '[NAME=]PORT',
    doc: 'A port to register, such as 8080 or http=8080; with a name where there are several.',
  },
  ttl: {
    value: wholeNumber(1, mostTtlSeconds),
    default: '15',
    placeholder: 'SECONDS',
    doc: 'How long the registration outlives this process when it dies without a word, in whole seconds. etcd raises what is less than about two.',
  },
  takeover: {
    rare: true,
    value: onOff,
    isSwitch: true,
    default: 'false',
    placeholder: 'BOOLEAN',
    doc: 'Takes a live key of somebody else at once. Absent: it is waited for at most until its lease would end, and then refused.',
  },
  check: {
    value: text,
    placeholder: 'CHECK',
    doc: 'Registers only while this passes: http://host:port/path (an answer from 200 to 399), https:// likewise (certificates are not looked at), tcp://host:port (a connection), or "exec command" (status 0). What --key knows is filled in.',
  },
  'check-interval': {
    value: duration('100ms', '1h'),
    default: '5s',
    placeholder: 'TIME',
    doc: 'The pause between two checks.',
  },
  'check-timeout': {
    rare: true,
    value: duration('10ms', '10m'),
    default: '2s',
    placeholder: 'TIME',
    doc: 'How long a check may take; then it is cut off and has failed.',
  },
  'check-passes': {
    rare: true,
    value: wholeNumber(1, 1000),
    default: '1',
    placeholder: 'NUMBER',
    doc: 'How many checks in a row must pass until the registration is made.',
  },
  'check-failures': {
    rare: true,
    value: wholeNumber(1, 1000),
    default: '3',
    placeholder: 'NUMBER',
    doc: 'How many checks in a row must fail until it is taken back.',
  },
  exec: {
    value: anyText,
    many: true,
    verbatim: true,
    isSwitch: true,
    isCommand: true,
    noEnv: true,
    placeholder: 'COMMAND [ARGUMENTS]',
    doc: 'Starts the command and registers it, at once or when --check first passes; takes the registration back before the command is stopped, passes signals on, and exits with its status.',
  },
  drain: {
    rare: true,
    value: duration('0s', '1h'),
    default: '0s',
    placeholder: 'TIME',
    doc: 'With --exec: how long the command goes on after the registration was taken back by SIGTERM, SIGINT or SIGQUIT, until the signal is passed on. A second signal ends the wait.',
  },
  once: {
    value: onOff,
    isSwitch: true,
    default: 'false',
    placeholder: 'BOOLEAN',
    doc: 'Registers, and ends when etcd has it: the registration lasts for --ttl, or until the command is run again.',
  },
  timeout: {
    rare: true,
    value: duration('100ms', '1h'),
    default: '10s',
    placeholder: 'TIME',
    doc: 'With --once: how long check and registration may take until the command fails.',
  },
  ...etcdOptions,
} as const satisfies OptionTable;

/** How and when it is checked. */
export interface CheckConfig {
  /** A template. */
  readonly target: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly passes: number;
  readonly failures: number;
}

/** What `register` keeps alive. Keys and values are templates, to be filled in by src/register. */
export interface RegisterConfig {
  readonly etcd: EtcdOptions;
  /** Reads again what files hold that the options name for etcd; undefined where they name none. */
  readonly rereadEtcd: Reread<EtcdOptions>;
  readonly keys: readonly string[];
  /** As many as keys, or none: then it is made of address and ports. */
  readonly values: readonly string[];
  /** Instead of keys; a template too. */
  readonly prefix: string | undefined;
  /** A template. */
  readonly id: string;
  readonly format: FormatName;
  /** Its texts are templates. */
  readonly metadata: readonly NamedText[];
  readonly address: string | undefined;
  readonly interface: string | undefined;
  readonly ports: readonly NamedPort[];
  readonly ttlSeconds: number;
  readonly takeover: boolean;
  readonly check: CheckConfig | undefined;
  /** The command and its arguments; empty: none. */
  readonly command: readonly string[];
  readonly drainMs: number;
  readonly once: boolean;
  readonly timeoutMs: number;
  /** For templates. */
  readonly hostname: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads the configuration of `register`. Throws a TerminalError with code `INVALID_OPTIONS` that names each wrong option. */
export function registerConfig(source: OptionSource): RegisterConfig {
  const values = readOptions(registerOptions, source);
  const problems = [...whatProblems(values), ...fitProblems(values)];
  if (problems.length > 0) {
    throw optionsError(problems);
  }
  return {
    etcd: etcdConfig(values, source),
    rereadEtcd: rereadFiles(values, () => etcdConfig(values, source)),
    keys: values.key,
    values: values.value,
    prefix: values.prefix,
    id: values.id ?? '{hostname}',
    format: values.format,
    metadata: values.metadata,
    address: values.address,
    interface: values.interface,
    ports: values.port,
    ttlSeconds: values.ttl,
    takeover: values.takeover,
    check: checkConfig(values),
    command: values.exec,
    drainMs: values.drain,
    once: values.once,
    timeoutMs: values.timeout,
    hostname: source.hostname,
    env: source.env,
  };
}

function checkConfig(values: Values<typeof registerOptions>): CheckConfig | undefined {
  if (values.check === undefined) {
    return undefined;
  }
  return {
    target: values.check,
    intervalMs: values['check-interval'],
    timeoutMs: values['check-timeout'],
    passes: values['check-passes'],
    failures: values['check-failures'],
  };
}

/** What is to be registered: keys with values, or an instance below a prefix. */
function* whatProblems(values: Values<typeof registerOptions>): Generator<string> {
  const { key, value, prefix, id, format, metadata } = values;
  if (key.length === 0 && prefix === undefined) {
    yield `--key is needed (or ${environmentName('key')}), or --prefix: ${registerOptions.key.doc}`;
  }
  if (prefix !== undefined && key.length + value.length > 0) {
    yield '--prefix makes key and value by --format: leave it, or --key and --value out';
  }
  if (prefix === undefined && value.length > 0 && value.length !== key.length) {
    yield `--value is given ${times(value.length)} and --key ${times(key.length)}: each --key needs one --value, or none has one`;
  }
  if (prefix === undefined && id !== undefined) {
    yield '--id needs --prefix: it becomes a part of the key';
  }
  if (prefix === undefined && !['plain', 'json'].includes(format)) {
    yield `--format ${format} makes the key too: give --prefix instead of --key`;
  }
  if (value.length > 0 && metadata.length > 0) {
    yield '--metadata is a part of what --format writes: leave it or --value out';
  }
  if (new Set(metadata.map(({ name }) => name)).size < metadata.length) {
    yield '--metadata is given twice with the same name';
  }
}

function* fitProblems(values: Values<typeof registerOptions>): Generator<string> {
  const { address, port, once, exec, drain } = values;
  if (address !== undefined && values.interface !== undefined) {
    yield '--address and --interface are given, but one address can be registered';
  }
  const names = port.map(({ name }) => name);
  if (port.length > 1 && names.includes('')) {
    yield '--port needs names where there are several, as in http=8080';
  }
  if (new Set(names).size < names.length) {
    yield '--port is given twice with the same name';
  }
  if (once && exec.length > 0) {
    yield '--once ends before a command could: leave it or --exec out';
  }
  if (drain > 0 && exec.length === 0) {
    yield '--drain needs --exec: it is the command that goes on';
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
