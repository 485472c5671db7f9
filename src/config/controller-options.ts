import type { EtcdOptions } from '../etcd/options.ts';
import type { KubeSource } from '../kube/options.ts';
import type { AllowedPrefix } from './allowed-prefix.ts';
import { type ElectionConfig, electionConfig, electionOptions } from './election-options.ts';
import { etcdConfig, etcdOptions, type Reread, rereadFiles } from './etcd-options.ts';
import { explainAddress } from './explain-address.ts';
import type { OptionTable, Values } from './option.ts';
import { type PublishingConfig, publishingConfig, publishingOptions } from './publishing-options.ts';
import { type OptionSource, optionsError, readOptionFile, readOptions } from './read-options.ts';
import {
  allowedPrefix,
  bytes,
  cidr,
  duration,
  filePath,
  type ListenAddress,
  listenAddress,
  namespaceName,
  oneOf,
  text,
  wholeNumber,
} from './values.ts';

/** Every option of `etcd-endpoints controller`. */
export const controllerOptions = {
  ...etcdOptions,
  etcd: {
    ...etcdOptions.etcd,
    required: false,
    doc: 'Members of the etcd cluster that holds the registrations of EtcdServices without a registryRef, such as https://10.0.0.1:2379. All of them should be named; any may be away. Absent: only EtcdRegistries are served.',
  },
  ...electionOptions,
  ...publishingOptions,
  kubeconfig: {
    value: filePath,
    placeholder: 'FILE',
    doc: 'The kubeconfig to use. Absent: KUBECONFIG, ~/.kube/config, then the service account of the Pod.',
  },
  context: {
    rare: true,
    value: text,
    placeholder: 'NAME',
    doc: 'Context of the kubeconfig. Absent: its current one.',
  },
  namespace: {
    value: namespaceName,
    many: true,
    placeholder: 'NAME',
    doc: 'Namespace whose EtcdServices are served. Absent: all namespaces.',
  },
  'allowed-prefix': {
    value: allowedPrefix,
    many: true,
    placeholder: 'NAMESPACE=PREFIX',
    doc: 'Lets EtcdServices of the namespace read keys below the prefix; once one is listed, nothing else may be read. `shop=/web` is the key /web and all below /web/; `shop=/` is every key that begins with a slash, `shop=` every key. Absent: every namespace may read every prefix but these two.',
  },
  'service-cidr': {
    rare: true,
    value: cidr,
    many: true,
    placeholder: 'CIDR',
    doc: 'Range that the cluster takes addresses of Services from: no instance may have one. Besides those that the cluster tells by its ServiceCIDRs (Kubernetes 1.33).',
  },
  workers: {
    rare: true,
    value: wholeNumber(1, 256),
    default: '8',
    placeholder: 'NUMBER',
    doc: 'How many EtcdServices are worked on at once.',
  },
  'max-value-bytes': {
    rare: true,
    value: bytes('1Ki', '16Mi'),
    default: '256Ki',
    placeholder: 'BYTES',
    doc: 'The largest value of a registration that is read; a larger one is rejected as ValueTooLarge.',
  },
  'compare-interval': {
    rare: true,
    value: duration('1s', '24h'),
    default: '10m',
    placeholder: 'TIME',
    doc: 'How often the keys in etcd are compared with the copy in memory, to find what no watch has told (an etcd that was restored).',
  },
  'http-address': {
    value: listenAddress,
    default: ':8080',
    placeholder: 'ADDRESS',
    doc: 'Where /metrics, /healthz and /readyz are served: :8080, or 127.0.0.1:8080 for this machine alone. Port 0 takes any free one.',
  },
  'explain-address': {
    rare: true,
    ...explainAddress,
    doc: 'Where `etcd-endpoints explain` is answered: on the machine itself, or in the pod, alone, because the answers tell of every namespace. Where it cannot be listened on, the controller runs without.',
  },
  'log-level': {
    value: oneOf('debug', 'info', 'warn', 'error'),
    default: 'info',
    placeholder: 'LEVEL',
    doc: 'The least level of log lines: debug, info, warn or error.',
  },
  'log-format': {
    value: oneOf('json', 'text'),
    default: 'json',
    placeholder: 'FORMAT',
    doc: 'json for machines, text for people.',
  },
  replica: {
    rare: true,
    value: text,
    alsoEnv: ['POD_NAME'],
    placeholder: 'NAME',
    doc: 'Name of this replica in logs and in the User-Agent of its requests. Absent: POD_NAME, then the name of the host.',
  },
} as const satisfies OptionTable;

/** Its options that belong together, by title. */
export const controllerGroups: Readonly<Record<string, OptionTable>> = {
  etcd: etcdOptions,
  Election: electionOptions,
  Publishing: publishingOptions,
};

/** How one controller is set up: every option read, checked and frozen. Times in milliseconds, sizes in bytes. */
export interface ControllerConfig extends PublishingConfig {
  /** The registry of EtcdServices without a registryRef; undefined: there is none. */
  readonly etcd: EtcdOptions | undefined;
  /** For every etcd, also those of EtcdRegistries. */
  readonly etcdLimits: Required<Pick<EtcdOptions, 'maxMessageBytes' | 'callTimeoutMs'>>;
  readonly election: ElectionConfig;
  /** The etcd that an election is held in. */
  readonly electionEtcd: EtcdOptions;
  /** Reads again what files hold that the options name for etcd; undefined where they name none. */
  readonly rereadEtcd: Reread<Pick<ControllerConfig, 'etcd' | 'electionEtcd'>>;
  /** Whether a replica that does not lead follows etcd. */
  readonly isWarmStandby: boolean;
  readonly kubernetes: KubeSource;
  /** Namespaces that are watched; empty: all. */
  readonly namespaces: readonly string[];
  /** See `mayRead` in allowed-prefix.ts. */
  readonly allowedPrefixes: readonly AllowedPrefix[];
  /** Ranges of Services that the options name. */
  readonly serviceCidrs: readonly string[];
  readonly workers: number;
  readonly maxValueBytes: number;
  readonly compareIntervalMs: number;
  readonly http: ListenAddress;
  /** Where it answers `explain`: an address of loopback. */
  readonly explain: ListenAddress;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'text' };
  readonly replica: string;
}

/** Reads the configuration of a controller. Throws a TerminalError with code `INVALID_OPTIONS` that names each wrong option. */
export function controllerConfig(source: OptionSource): ControllerConfig {
  const values = readOptions(controllerOptions, source);
  const { kubeconfig, context } = values;
  // Read again by the Kubernetes side, which follows its changes: a wrong path is said here, by its flag.
  if (kubeconfig !== undefined) {
    readOptionFile('kubeconfig', kubeconfig, source);
  }
  const election = electionConfig(values);
  return deepFreeze({
    ...etcdSides(values, election, source),
    rereadEtcd: rereadFiles(values, () => etcdSides(values, election, source)),
    election,
    ...publishingConfig(values, { election, registryHosts: values.etcd }),
    isWarmStandby: values.standby === 'warm',
    kubernetes: {
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
      ...ownServiceAccount(values, source),
    },
    namespaces: [...new Set(values.namespace)],
    allowedPrefixes: values['allowed-prefix'],
    serviceCidrs: values['service-cidr'],
    workers: values.workers,
    maxValueBytes: values['max-value-bytes'],
    compareIntervalMs: values['compare-interval'],
    http: values['http-address'],
    explain: values['explain-address'],
    log: { level: values['log-level'], format: values['log-format'] },
    replica: values.replica ?? source.hostname,
  });
}

/** In a Pod where nothing names a kubeconfig, its service account; elsewhere the kubeconfig is looked for as kubectl does. */
function ownServiceAccount(
  { kubeconfig, context }: Values<typeof controllerOptions>,
  { env, readFile }: OptionSource,
): Pick<KubeSource, 'serviceAccount'> {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const isNamed = kubeconfig !== undefined || context !== undefined || (env['KUBECONFIG'] ?? '') !== '';
  if (host === '' || isNamed) {
    return {};
  }
  try {
    readFile(`${env['HOME'] ?? ''}/.kube/config`);
    return {};
  } catch {
    return { serviceAccount: { host, port } };
  }
}

/** The etcd of registrations and that of the election, which have their certificates and user in common. */
function etcdSides(
  values: Values<typeof controllerOptions>,
  election: ElectionConfig,
  source: OptionSource,
): Pick<ControllerConfig, 'etcd' | 'electionEtcd' | 'etcdLimits'> {
  const hasOwn = values.etcd.length > 0;
  if (!hasOwn && election.where === 'etcd' && election.hosts === undefined) {
    throw optionsError([
      '--etcd is needed (or ETCD_ENDPOINTS_ETCD); or, to serve EtcdRegistries alone, a place for the election: --election-etcd or --leader-elect=kubernetes',
    ]);
  }
  const hosts = hasOwn ? values.etcd : (election.hosts ?? []);
  const common = etcdConfig({ ...values, etcd: [...hosts] }, source);
  return {
    etcd: hasOwn ? common : undefined,
    electionEtcd: { ...common, hosts: election.hosts ?? common.hosts },
    etcdLimits: {
      maxMessageBytes: values['etcd-max-message-bytes'],
      callTimeoutMs: values['etcd-call-timeout'],
    },
  };
}

/** Freezes plain objects and arrays; the content of a Buffer cannot be frozen. */
function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null && !Buffer.isBuffer(part)) {
      deepFreeze(part);
    }
  }
  return Object.freeze(value);
}
