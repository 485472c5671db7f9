import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { messageOf } from '../../src/errors.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import type { Binaries, Report } from '../control-plane/binaries.ts';
import { startControllerManager } from '../control-plane/controller-manager.ts';
import { findBinaries } from '../control-plane/find.ts';
import { startControlPlane } from '../control-plane/plane.ts';
import { startRegistryEtcd } from '../control-plane/registry-etcd.ts';
import { ControllerProcess } from './controller.ts';
import { Gateway } from './gateway.ts';
import { createEtcdService, ETCD_SERVICE_YAML, installCrds, NAMESPACE } from './objects.ts';
import { Published } from './published.ts';
import { silent } from './silent.ts';

/** Everything that the demo plays on. */
export interface Stage {
  readonly binaries: Binaries;
  readonly kubeconfig: string;
  /** Client URL of the registry. */
  readonly etcd: string;
  readonly client: KubeClient;
  readonly gateway: Gateway;
  readonly published: Published;
  readonly controller: ControllerProcess;
}

/**
 * Starts one thing after the other and says so. What ends it is put on `cleanup` as soon as there is something to end, so that a failure or
 * an abort half-way leaves nothing behind.
 */
export async function setStage(
  cleanup: AsyncDisposableStack,
  signal: AbortSignal,
  say: Report,
): Promise<Stage> {
  const binaries = await interruptible(findBinaries({ report: say, environment: process.env }), signal);

  const plane = await startControlPlane({ binaries, report: say });
  cleanup.defer(() => plane.stop());
  signal.throwIfAborted();

  say(
    `Starting etcd ${binaries.etcdVersion} as the registry: a cluster of its own, not that of the apiserver`,
  );
  const registry = await startRegistryEtcd({ binaries });
  cleanup.defer(() => registry.stop());
  signal.throwIfAborted();
  const [etcd] = registry.endpoints as [string];

  const kubeconfig = plane.credentials.kubeconfigPath;
  const client = createKubeClient(
    { kubeconfig, userAgent: () => 'etcd-endpoints-demo' },
    { clock: systemClock, log: silent },
  );
  cleanup.defer(() => client.close());
  if (binaries.kubeControllerManager !== undefined) {
    say("Starting Kubernetes's own controllers for garbage collection and mirrored EndpointSlices");
    const manager = await startControllerManager(binaries, plane.credentials, [
      'garbagecollector',
      'endpointslicemirroring',
    ]);
    cleanup.defer(() => manager.stop());
  }

  say('Applying the CRDs, as "etcd-endpoints crds | kubectl apply -f -" does');
  await installCrds(client, signal);

  const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-demo-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const log = join(folder, 'controller.log');
  say(`Starting the controller; its log: ${log}`);
  const controller = await ControllerProcess.start({ etcd, kubeconfig, log });
  cleanup.defer(() => controller.stop());
  try {
    await controller.untilReady(signal);
    say(`Applying this to namespace ${NAMESPACE}:\n\n${ETCD_SERVICE_YAML.replaceAll(/^(?=.)/gm, '    ')}`);
    await createEtcdService(client);
  } catch (error) {
    throw await withLog(error, controller);
  }
  const published = new Published(client);
  cleanup.defer(() => published.close());
  return { binaries, kubeconfig, etcd, client, gateway: new Gateway(etcd), published, controller };
}

/** An error with the end of the controller's log, which most likely says why. */
export async function withLog(error: unknown, controller: ControllerProcess): Promise<Error> {
  const lines = await controller.lastLines();
  const message = [messageOf(error), 'The controller said last:', ...lines].join('\n  ');
  return new Error(message, { cause: error });
}

/** Gives up waiting when the signal aborts: for work that leaves nothing behind when the process ends in its midst. */
async function interruptible<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const interrupt = (): void => reject(signal.reason);
  signal.addEventListener('abort', interrupt);
  try {
    signal.throwIfAborted();
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}
