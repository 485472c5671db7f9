import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type ControllerProcess, startController } from './controller-process.ts';
import { installCrds } from './crd.ts';
import { KubeObjects } from './kube-objects.ts';
import { startOwnPlane } from './own-plane.ts';
import { RegistryObjects } from './registry-objects.ts';
import { Scene } from './scene.ts';

/** A control plane with one controller for all its namespaces, which serves EtcdRegistries alone and has the rights of docs/rbac.yaml. */
export interface RegistryPlane {
  /** The namespace that the controller runs in. */
  readonly own: Scene;
  readonly registries: RegistryObjects;
  readonly controller: ControllerProcess;
  /** Ends the controller as a power cut does and starts it again. */
  restartController(): Promise<void>;
  /** Path of the audit log of its apiserver. */
  readonly auditLog: string;
  /** A namespace with these labels. */
  newTenant(labels?: Readonly<Record<string, string>>): Promise<Scene>;
  stop(): Promise<void>;
}

export async function startRegistryPlane(args: readonly string[] = []): Promise<RegistryPlane> {
  const { plane, scene: own, stop } = await startOwnPlane({ auditLog: true });
  await installCrds(plane.credentials);
  await grantAsDocumented(own.objects);
  const user = await plane.addUser('etcd-endpoints');
  const start = async (): Promise<ControllerProcess> => {
    const started = await startController({
      etcd: [],
      kubeconfig: user.kubeconfigPath,
      args: [`--own-namespace=${own.namespace}`, '--log-level=debug', ...args],
    });
    await started.untilReady();
    return started;
  };
  let controller = await start();
  return {
    own,
    registries: new RegistryObjects(own.objects),
    get controller() {
      return controller;
    },
    async restartController() {
      await controller.kill();
      controller = await start();
    },
    auditLog: plane.auditLog,
    async newTenant(labels = {}) {
      const name = `tenant-${randomBytes(4).toString('hex')}`;
      const objects = new KubeObjects(plane.credentials, name);
      await objects.call('POST', '/api/v1/namespaces', { metadata: { name, labels } });
      const { registry, registrar } = own;
      return new Scene({ registry, registrar, objects, controller: { etcd: [], kubeconfig: '' } });
    },
    async stop() {
      await controller.kill();
      await stop();
    },
  };
}

/** Applies docs/rbac.yaml as its first lines say, with the controller's namespace after `-n`; all of it, or what is left in by name. */
export async function grantAsDocumented(
  own: KubeObjects,
  isLeftIn: (name: string) => boolean = () => true,
): Promise<void> {
  const manifest = await readFile(new URL('../../docs/rbac.yaml', import.meta.url), 'utf8');
  for (const document of parseAllDocuments(manifest)) {
    const object = document.toJS();
    if (!isLeftIn(object.metadata.name)) {
      continue;
    }
    const plural = `${object.kind.toLowerCase()}s`;
    const scope = object.kind.startsWith('Cluster') ? '' : `/namespaces/${own.namespace}`;
    const path = `/apis/rbac.authorization.k8s.io/v1${scope}/${plural}`;
    const { status, json } = await own.call('POST', path, object);
    expect(status, JSON.stringify(json)).toBe(201);
  }
}
