import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { startChild } from './child.ts';
import type { Credentials } from './plane.ts';
import { isAtLeast } from './version.ts';

/** The controllers of Kubernetes that have to do with our objects. */
export type CoreController =
  | 'garbagecollector'
  | 'endpoint'
  | 'endpointslice'
  | 'endpointslicemirroring'
  | 'namespace';

export interface ControllerManager {
  readonly pid: number;
  readonly output: string;
  stop(): Promise<void>;
}

/** Starts kube-controller-manager with these controllers alone and more flags, as the user whose credentials are given. */
export async function startControllerManager(
  binaries: Binaries,
  { kubeconfigPath }: Credentials,
  controllers: readonly CoreController[],
  flags: readonly string[] = [],
): Promise<ControllerManager> {
  const { kubeControllerManager, kubernetesVersion } = binaries;
  if (kubeControllerManager === undefined) {
    throw new Error(`${binaries.source} has no kube-controller-manager`);
  }
  const certDirectory = join(tmpdir(), `etcd-endpoints-controllers-${randomUUID()}`);
  const names = controllers.map((name) => (isAtLeast(kubernetesVersion, '1.28') ? LONG_NAMES[name] : name));
  const child = await startChild(kubeControllerManager, [
    `--kubeconfig=${kubeconfigPath}`,
    `--controllers=${names.join(',')}`,
    '--leader-elect=false',
    // No server of its own: its ports would collide with those of another test.
    '--secure-port=0',
    ...(isAtLeast(kubernetesVersion, '1.24') ? [] : ['--port=0']),
    `--cert-dir=${certDirectory}`,
    ...flags,
  ]);
  return {
    pid: child.pid,
    get output() {
      return child.output;
    },
    stop: async () => {
      await child.stop(0);
      await rm(certDirectory, { recursive: true, force: true });
    },
  };
}

/** Controllers got their names with 1.28; the short ones stay known to it as aliases, which may go. */
const LONG_NAMES: Readonly<Record<CoreController, string>> = {
  garbagecollector: 'garbage-collector-controller',
  endpoint: 'endpoints-controller',
  endpointslice: 'endpointslice-controller',
  endpointslicemirroring: 'endpointslice-mirroring-controller',
  namespace: 'namespace-controller',
};
