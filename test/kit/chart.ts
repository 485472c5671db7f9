import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { servers } from './control-plane.ts';
import type { AnyObject } from './kube-objects.ts';

export const chartFolder = fileURLToPath(new URL('../../charts/etcd-endpoints', import.meta.url));

/** Values of the chart, as a user sets them. */
export type Values = Readonly<Record<string, unknown>>;

export interface HelmEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HelmOptions {
  readonly values?: Values;
  /** Of the cluster to speak with. */
  readonly kubeconfig?: string;
}

/** Runs helm; values come to it as a file on its standard input. */
export async function helm(
  args: readonly string[],
  { values, kubeconfig }: HelmOptions = {},
): Promise<HelmEnd> {
  const path = servers().helm;
  if (path === undefined) {
    throw new Error('There is no helm');
  }
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(path, [...args, ...(values === undefined ? [] : ['--values', '-'])], {
    env: { PATH, HOME, ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }) },
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    said.stdout += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    said.stderr += part;
  });
  child.stdin.end(values === undefined ? undefined : JSON.stringify(values));
  const { promise, resolve, reject } = Promise.withResolvers<HelmEnd>();
  child.on('error', reject);
  child.on('close', (code) => resolve({ code, ...said }));
  return await promise;
}

/** As {@link helm}; throws what it says where it fails. */
export async function helmOk(args: readonly string[], options: HelmOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await helm(args, options);
  if (code !== 0) {
    throw new Error(`helm ${args.join(' ')} failed: ${stderr}${stdout}`);
  }
  return stdout;
}

export interface RenderOptions {
  readonly release?: string;
  readonly namespace?: string;
  /** More flags of `helm template`. */
  readonly args?: readonly string[];
}

/** What `helm template` says to these values, for a cluster that serves admission policies. */
export async function template(
  values: Values,
  { release = 'etcd-endpoints', namespace = 'etcd-endpoints', args = [] }: RenderOptions = {},
): Promise<HelmEnd> {
  const cluster = [
    '--kube-version=1.36.0',
    '--api-versions=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy',
  ];
  const wanted = ['template', release, chartFolder, `--namespace=${namespace}`, ...cluster, ...args];
  return await helm(wanted, { values });
}

/** The objects that the chart makes of these values, those of `helm test` among them. */
export async function render(values: Values, options: RenderOptions = {}): Promise<readonly AnyObject[]> {
  const { code, stdout, stderr } = await template(values, options);
  if (code !== 0) {
    throw new Error(`helm template failed: ${stderr}`);
  }
  return parseAllDocuments(stdout)
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}

/** The only object of a kind. */
export function one(objects: readonly AnyObject[], kind: string, name?: string): AnyObject {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  if (found.length !== 1) {
    throw new Error(`There are ${found.length} of ${kind} ${name ?? ''}`);
  }
  return found[0];
}

/** Whether Helm makes an object only for `helm test`. */
export function isForTest({ metadata }: AnyObject): boolean {
  return metadata.annotations?.['helm.sh/hook'] === 'test';
}
