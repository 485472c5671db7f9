import { onTestFinished } from 'vitest';
import type { Values } from './chart.ts';
import { chartFolder, helmOk, one, render } from './chart.ts';
import { type ControllerProcess, startController } from './controller-process.ts';
import type { AnyObject } from './kube-objects.ts';
import { Manifests } from './manifests.ts';
import type { OwnPlane } from './own-plane.ts';
import { podCommand, podOf } from './pod.ts';

/** The chart in a control plane of its own, installed with helm; its Pods are processes of the test. */
export class ChartRelease {
  readonly namespace: string;
  readonly manifests: Manifests;
  readonly #own: OwnPlane;
  #values: Values;

  private constructor(own: OwnPlane, values: Values) {
    this.#own = own;
    this.#values = values;
    this.namespace = own.scene.namespace;
    this.manifests = new Manifests(own.plane.credentials);
  }

  /** Installs the chart in the namespace of the plane's scene, with its etcd unless the values name one. */
  static async install(own: OwnPlane, values: Values = {}, chart = chartFolder): Promise<ChartRelease> {
    const release = new ChartRelease(own, { etcd: { endpoints: own.scene.registry.endpoints }, ...values });
    await release.helm(['upgrade', '--install', 'etcd-endpoints', chart], release.#values);
    return release;
  }

  async upgrade(values: Values, chart = chartFolder): Promise<void> {
    this.#values = { ...this.#values, ...values };
    await this.helm(['upgrade', 'etcd-endpoints', chart], this.#values);
  }

  async helm(args: readonly string[], values?: Values): Promise<string> {
    const kubeconfig = this.#own.plane.credentials.kubeconfigPath;
    const wanted = [...args, `--namespace=${this.namespace}`];
    return await helmOk(wanted, { kubeconfig, ...(values !== undefined && { values }) });
  }

  /** The objects that the present values make, as they are rendered. */
  async rendered(): Promise<readonly AnyObject[]> {
    return await render(this.#values, { namespace: this.namespace });
  }

  /** The Deployment as it stands in the cluster. */
  async deployment(): Promise<AnyObject> {
    return await this.manifests.get(one(await this.rendered(), 'Deployment'));
  }

  /** Starts one of its Pods as a process, which ends with the test; resolves when it is ready, unless told not to wait. */
  async startPod({ isAwaited = true } = {}): Promise<ControllerProcess> {
    const suffix = Math.random().toString(36).slice(2, 7);
    const pod = podOf(await this.deployment(), suffix);
    const command = await podCommand(this.#own.plane.credentials, pod);
    onTestFinished(() => command.remove());
    const [, ...args] = command.args;
    const controller = await startController({
      etcd: [],
      kubeconfig: command.kubeconfig,
      replica: pod.metadata.name,
      args,
      env: command.env,
    });
    onTestFinished(() => controller.kill());
    if (isAwaited) {
      await controller.untilReady();
    }
    return controller;
  }
}
