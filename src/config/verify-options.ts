import type { EtcdOptions } from '../etcd/options.ts';
import { controllerOptions } from './controller-options.ts';
import { etcdConfig, etcdOptions } from './etcd-options.ts';
import type { OptionTable } from './option.ts';
import { type OptionSource, readOptions } from './read-options.ts';
import { duration, namespaceName, text } from './values.ts';

/** Every option of `etcd-endpoints verify`. */
export const verifyOptions = {
  namespace: {
    value: namespaceName,
    short: 'n',
    alsoEnv: ['POD_NAMESPACE'],
    placeholder: 'NAMESPACE',
    doc: 'Namespace that the throw-away EtcdService is made in; the controller must serve it. Absent: POD_NAMESPACE, then that of the kubeconfig or the service account.',
  },
  prefix: {
    value: text.refine((prefix) => !prefix.endsWith('/'), { error: 'expected no slash at the end' }),
    default: '/etcd-endpoints.io/verify',
    placeholder: 'PREFIX',
    doc: 'The prefix that is registered below; the user of etcd must be allowed to read and write there.',
  },
  timeout: {
    value: duration('1s', '1h'),
    default: '60s',
    placeholder: 'TIME',
    doc: 'How long all of it may take until the command fails.',
  },
  kubeconfig: controllerOptions.kubeconfig,
  context: controllerOptions.context,
  ...etcdOptions,
} as const satisfies OptionTable;

/** What `verify` is to prove, and where. */
export interface VerifyConfig {
  readonly namespace: string | undefined;
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly kubernetes: { readonly kubeconfig?: string; readonly context?: string };
  readonly etcd: EtcdOptions;
}

/** Reads the configuration of `verify`. Throws a TerminalError with code `INVALID_OPTIONS` that names each wrong option. */
export function verifyConfig(source: OptionSource): VerifyConfig {
  const values = readOptions(verifyOptions, source);
  const { namespace, prefix, timeout, kubeconfig, context } = values;
  return {
    namespace,
    prefix,
    timeoutMs: timeout,
    kubernetes: {
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
    },
    etcd: etcdConfig(values, source),
  };
}
