import { publishKinds } from '../api/etcd-service.ts';
import type { EtcdOptions } from '../etcd/options.ts';
import type { AllowedPrefix } from './allowed-prefix.ts';
import { controllerOptions } from './controller-options.ts';
import { electionOptions } from './election-options.ts';
import { etcdConfig, etcdOptions } from './etcd-options.ts';
import type { OptionTable, Values } from './option.ts';
import { type PublishingConfig, publishingOptions } from './publishing-options.ts';
import { type OptionSource, optionsError, readOptionFile, readOptions } from './read-options.ts';
import { duration, filePath, namespaceName, oneOf, text } from './values.ts';

/** Those that the controller does not have, or has otherwise. */
const ownOptions = {
  name: {
    value: text,
    isWord: true,
    noEnv: true,
    placeholder: 'NAME',
    doc: 'Plans EtcdServices of this name alone. The flag may be left out.',
  },
  file: {
    value: filePath,
    many: true,
    verbatim: true,
    short: 'f',
    noEnv: true,
    placeholder: 'FILE',
    doc: 'File with EtcdServices to plan, as YAML or JSON, with several documents or lists; - is the standard input. What else they need may stand there too. Absent: those of the cluster.',
  },
  against: {
    value: oneOf('cluster', 'nothing'),
    noEnv: true,
    placeholder: 'WHAT',
    doc: 'What it is compared with: what stands in the cluster, or nothing but what the files hold, and no cluster is asked. Absent: nothing where --file is given, else cluster.',
  },
  output: {
    value: oneOf('diff', 'yaml', 'json', 'summary'),
    default: 'diff',
    placeholder: 'FORM',
    doc: 'diff for what changes, yaml for the objects as they would be written, json for programs, summary for a line for each EtcdService and object.',
  },
  timeout: {
    value: duration('100ms', '1h'),
    default: '30s',
    placeholder: 'TIME',
    doc: 'How long the registrations may take until the command fails.',
  },
  namespace: {
    value: namespaceName,
    short: 'n',
    noEnv: true,
    placeholder: 'NAME',
    doc: 'Namespace of the EtcdServices that are planned, and of objects in files that name none. Absent: all namespaces; in files, the one of the kubeconfig, or default.',
  },
} as const satisfies OptionTable;

/** Every option of `etcd-endpoints plan`: those of the controller that decide what it writes have the same names and defaults. */
export const planOptions = {
  ...ownOptions,
  kubeconfig: controllerOptions.kubeconfig,
  context: controllerOptions.context,
  'own-namespace': electionOptions['own-namespace'],
  ...etcdOptions,
  etcd: controllerOptions.etcd,
  publish: publishingOptions.publish,
  'max-endpoints-per-slice': publishingOptions['max-endpoints-per-slice'],
  'drain-seconds': publishingOptions['drain-seconds'],
  'node-names': publishingOptions['node-names'],
  'allowed-prefix': controllerOptions['allowed-prefix'],
  'service-cidr': controllerOptions['service-cidr'],
  'max-value-bytes': controllerOptions['max-value-bytes'],
} as const satisfies OptionTable;

/** A file that objects are read from. */
export interface ManifestFile {
  /** As it was given; `-` is the standard input. */
  readonly path: string;
  readonly content: string;
}

/** What is planned, against what, and how it is told. Times in milliseconds, sizes in bytes. */
export interface PlanConfig
  extends Pick<PublishingConfig, 'publish' | 'maxEndpointsPerSlice' | 'drainMs' | 'nodeNames'> {
  readonly name: string | undefined;
  /** Empty: EtcdServices come from the cluster. */
  readonly files: readonly ManifestFile[];
  readonly against: 'cluster' | 'nothing';
  readonly output: 'diff' | 'yaml' | 'json' | 'summary';
  readonly timeoutMs: number;
  readonly namespace: string | undefined;
  readonly kubernetes: { readonly kubeconfig?: string; readonly context?: string };
  /** The namespace that the controller runs in, where it is named. */
  readonly ownNamespace: string | undefined;
  /** The registry of EtcdServices without a registryRef; undefined: there is none. */
  readonly etcd: EtcdOptions | undefined;
  readonly etcdLimits: Required<Pick<EtcdOptions, 'maxMessageBytes' | 'callTimeoutMs'>>;
  readonly allowedPrefixes: readonly AllowedPrefix[];
  readonly serviceCidrs: readonly string[];
  readonly maxValueBytes: number;
}

/** Reads the configuration of `plan`, and its files. Throws a TerminalError with code `INVALID_OPTIONS` that names each wrong option. */
export function planConfig(source: OptionSource): PlanConfig {
  const values = readOptions(planOptions, source);
  const against = values.against ?? (values.file.length > 0 ? 'nothing' : 'cluster');
  const problems = [...againstProblems(values, against)];
  if (problems.length > 0) {
    throw optionsError(problems);
  }
  const { kubeconfig, context } = values;
  return {
    name: values.name,
    files: [...new Set(values.file)].map((path) => ({
      path,
      content: readOptionFile('file', path, source).toString('utf8'),
    })),
    against,
    output: values.output,
    timeoutMs: values.timeout,
    namespace: values.namespace,
    kubernetes: {
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
    },
    ownNamespace: values['own-namespace'],
    etcd: values.etcd.length > 0 ? etcdConfig(values, source) : undefined,
    etcdLimits: {
      maxMessageBytes: values['etcd-max-message-bytes'],
      callTimeoutMs: values['etcd-call-timeout'],
    },
    publish: publishKinds.filter((kind) => values.publish.includes(kind)),
    maxEndpointsPerSlice: values['max-endpoints-per-slice'],
    drainMs: values['drain-seconds'] * 1000,
    nodeNames: values['node-names'],
    allowedPrefixes: values['allowed-prefix'],
    serviceCidrs: values['service-cidr'],
    maxValueBytes: values['max-value-bytes'],
  };
}

function* againstProblems(
  { file }: Values<typeof planOptions>,
  against: PlanConfig['against'],
): Generator<string> {
  if (against === 'nothing' && file.length === 0) {
    yield '--against=nothing needs --file: EtcdServices come from the cluster otherwise';
  }
}
