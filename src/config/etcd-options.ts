import type { EtcdOptions, TlsOptions } from '../etcd/options.ts';
import type { OptionTable, Values } from './option.ts';
import { type OptionSource, optionsError, readOptionFile } from './read-options.ts';
import { bytes, duration, etcdUrl, filePath, text } from './values.ts';

/** The options of every command that speaks with etcd. */
export const etcdOptions = {
  etcd: {
    value: etcdUrl,
    many: true,
    required: true,
    placeholder: 'URL',
    doc: 'Members of the etcd cluster that holds the registrations, such as https://10.0.0.1:2379. All of them should be named; any may be away.',
    show: (url) => url.replace(/^(.*\/\/)?.*@/s, '$1…@'),
  },
  'etcd-ca': {
    value: filePath,
    placeholder: 'FILE',
    doc: 'Certificates (PEM) of the authorities that sign the certificates of etcd; read again when it changes. Absent: those that Node.js trusts.',
  },
  'etcd-cert': {
    value: filePath,
    placeholder: 'FILE',
    doc: 'Client certificate (PEM) to show to etcd; together with --etcd-key. Read again when it changes.',
  },
  'etcd-key': {
    value: filePath,
    placeholder: 'FILE',
    doc: 'Private key (PEM) of the client certificate; read again when it changes.',
  },
  'etcd-server-name': {
    rare: true,
    value: text,
    placeholder: 'NAME',
    doc: 'Name that the certificates of etcd must carry, where it is not the host of the URL.',
  },
  'etcd-user': {
    value: text.refine((name) => !name.includes(':'), {
      error: 'expected a user name without a colon; the password comes from --etcd-password-file',
    }),
    placeholder: 'NAME',
    doc: 'User of etcd; its password comes from --etcd-password-file or ETCD_ENDPOINTS_ETCD_PASSWORD.',
    show: (name) => name.replace(/:.*$/s, ':…'),
  },
  'etcd-password-file': {
    value: filePath,
    placeholder: 'FILE',
    doc: 'File that holds the password of --etcd-user; a line break at its end does not count. Read again when it changes.',
  },
  'etcd-password': {
    value: text,
    secret: true,
    placeholder: 'PASSWORD',
    doc: 'Password of --etcd-user, instead of --etcd-password-file. There is no flag for it: everybody on a machine can read command lines.',
  },
  'etcd-max-message-bytes': {
    rare: true,
    value: bytes('1Mi', '1Gi'),
    default: '256Mi',
    placeholder: 'BYTES',
    doc: 'The largest message that is accepted from etcd. After a larger one the registrations are listed again instead.',
  },
  'etcd-call-timeout': {
    rare: true,
    value: duration('1s', '5m'),
    default: '10s',
    placeholder: 'TIME',
    doc: 'How long one call may take on one member of etcd.',
  },
} as const satisfies OptionTable;

/** What the etcd side is set up with, files read. Throws {@link optionsError} where options do not fit together or a file cannot be read. */
export function etcdConfig(values: Values<typeof etcdOptions>, source: OptionSource): EtcdOptions {
  const problems = [...tlsProblems(values), ...userProblems(values)];
  if (problems.length > 0) {
    throw optionsError(problems);
  }
  const tls = tlsConfig(values, source);
  const user = userConfig(values, source);
  return {
    hosts: [...new Set(values.etcd)],
    ...(tls !== undefined && { tls }),
    ...(user !== undefined && { user }),
    maxMessageBytes: values['etcd-max-message-bytes'],
    callTimeoutMs: values['etcd-call-timeout'],
  };
}

/** How options are read again whose files may change; undefined where they name none. It throws where they cannot be used as they are. */
export type Reread<Read> = (() => Read) | undefined;

/** `read`, where any of the options is a file. */
export function rereadFiles<Read>(
  values: Partial<Values<typeof etcdOptions>>,
  read: () => Read,
): Reread<Read> {
  const files = ['etcd-ca', 'etcd-cert', 'etcd-key', 'etcd-password-file'] as const;
  return files.some((flag) => values[flag] !== undefined) ? read : undefined;
}

function* tlsProblems(values: Values<typeof etcdOptions>): Generator<string> {
  const secure = values.etcd.filter((url) => url.startsWith('https:'));
  if (secure.length > 0 && secure.length < values.etcd.length) {
    yield `--etcd ${JSON.stringify(values.etcd.join(','))}: expected http or https for all members, not both`;
  }
  if ((values['etcd-cert'] === undefined) !== (values['etcd-key'] === undefined)) {
    const [given, missing] = values['etcd-cert'] === undefined ? ['key', 'cert'] : ['cert', 'key'];
    yield `--etcd-${given} is given without --etcd-${missing}: a client certificate needs both`;
  }
  if (secure.length > 0) {
    return;
  }
  for (const flag of ['etcd-ca', 'etcd-cert', 'etcd-key', 'etcd-server-name'] as const) {
    if (values[flag] !== undefined) {
      yield `--${flag} needs --etcd URLs with https`;
    }
  }
}

function* userProblems(values: Values<typeof etcdOptions>): Generator<string> {
  const passwords = [values['etcd-password-file'], values['etcd-password']].filter(
    (password) => password !== undefined,
  );
  if (values['etcd-user'] === undefined) {
    if (passwords.length > 0) {
      yield 'A password for etcd is given without --etcd-user';
    }
  } else if (passwords.length !== 1) {
    yield `--etcd-user needs ${passwords.length === 0 ? 'a password' : 'one password, not two'}: --etcd-password-file or ETCD_ENDPOINTS_ETCD_PASSWORD`;
  }
}

function tlsConfig(values: Values<typeof etcdOptions>, source: OptionSource): TlsOptions | undefined {
  const ca = pem(values, 'etcd-ca', source);
  const cert = pem(values, 'etcd-cert', source);
  const key = pem(values, 'etcd-key', source);
  const serverName = values['etcd-server-name'];
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(serverName !== undefined && { serverName }),
    ...(key !== undefined && { key }),
  };
  return Object.keys(tls).length === 0 ? undefined : tls;
}

function userConfig(values: Values<typeof etcdOptions>, source: OptionSource): EtcdOptions['user'] {
  const name = values['etcd-user'];
  if (name === undefined) {
    return undefined;
  }
  const file = values['etcd-password-file'];
  const password =
    file === undefined
      ? values['etcd-password']
      : readOptionFile('etcd-password-file', file, source)
          .toString('utf8')
          .replace(/\r?\n$/, '');
  if (password === undefined || password === '') {
    throw optionsError([
      `--etcd-password-file ${JSON.stringify(file)}: expected a password, but the file is empty`,
    ]);
  }
  return { name, password };
}

function pem(
  values: Values<typeof etcdOptions>,
  flag: 'etcd-ca' | 'etcd-cert' | 'etcd-key',
  source: OptionSource,
): Buffer | undefined {
  const path = values[flag];
  if (path === undefined) {
    return undefined;
  }
  const content = readOptionFile(flag, path, source);
  if (!content.includes('-----BEGIN ')) {
    throw optionsError([
      `--${flag} ${JSON.stringify(path)}: expected PEM, a text with lines like -----BEGIN CERTIFICATE-----`,
    ]);
  }
  return content;
}
