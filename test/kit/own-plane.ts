import { randomBytes } from 'node:crypto';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from '../../dev/control-plane/plane.ts';
import { servers } from './control-plane.ts';
import { startEtcd } from './etcd-process.ts';
import { KubeObjects } from './kube-objects.ts';
import { Registrar } from './registrar.ts';
import { Scene } from './scene.ts';

/** A control plane of one test file, for what must not happen in the one that all share: no CRD, or controllers of Kubernetes. */
export interface OwnPlane {
  readonly plane: ControlPlane;
  /** The scene in a namespace of the plane; its controller serves all namespaces and has not been started. */
  readonly scene: Scene;
  /** The same scene in a new namespace, without a controller of its own. */
  newNamespace(): Promise<Scene>;
  stop(): Promise<void>;
}

export interface OwnPlaneOptions extends Pick<ControlPlaneOptions, 'apiServerFlags' | 'auditLog'> {
  /** Environment of the controllers of its scenes. */
  readonly controllerEnv?: Readonly<Record<string, string>>;
}

export async function startOwnPlane({ controllerEnv, ...options }: OwnPlaneOptions = {}): Promise<OwnPlane> {
  const [plane, registry] = await Promise.all([
    startControlPlane({ ...options, binaries: servers().binaries }),
    startEtcd(),
  ]);
  const { credentials } = plane;
  const registrar = new Registrar(registry);
  const newNamespace = async (): Promise<Scene> => {
    const objects = new KubeObjects(credentials, `plane-${randomBytes(4).toString('hex')}`);
    await objects.call('POST', '/api/v1/namespaces', { metadata: { name: objects.namespace } });
    const controller = {
      etcd: registry.endpoints,
      kubeconfig: credentials.kubeconfigPath,
      ...(controllerEnv !== undefined && { env: controllerEnv }),
    };
    return new Scene({ registry, registrar, objects, controller });
  };
  const scene = await newNamespace();
  return {
    plane,
    scene,
    newNamespace,
    stop: async () => {
      await scene.stop();
      await plane.stop();
    },
  };
}
