import { expect } from 'vitest';
import type { EtcdServiceInput } from '../../src/api/etcd-service.ts';
import type { ConditionType } from '../../src/api/reasons.ts';
import { servers } from './control-plane.ts';
import { type ControllerOptions, type ControllerProcess, startController } from './controller-process.ts';
import { installCrd } from './crd.ts';
import { type RegistryEtcd, startEtcd, type TestEtcdOptions } from './etcd-process.ts';
import { eventually } from './eventually.ts';
import { type AnyObject, KubeObjects } from './kube-objects.ts';
import { createNamespace } from './namespace.ts';
import { Registrar } from './registrar.ts';

export interface SceneOptions {
  readonly etcd?: TestEtcdOptions;
  /** More flags of the controller. */
  readonly args?: readonly string[];
  /** What the controller is told otherwise, in the face of the registry. */
  readonly controller?: (
    registry: RegistryEtcd,
  ) => Partial<ControllerOptions> | Promise<Partial<ControllerOptions>>;
}

/** What a scene is made of. `controller` is how its controller is started. */
export interface SceneParts {
  readonly registry: RegistryEtcd;
  readonly registrar: Registrar;
  readonly objects: KubeObjects;
  readonly controller: ControllerOptions;
}

/** Looks that need a round trip to the apiserver are not taken more often than that. */
const LOOK = { intervalMs: 50 };

/** Sets a scene in the shared control plane; resolves when the controller is ready. */
export async function startScene({ etcd, args = [], controller }: SceneOptions = {}): Promise<Scene> {
  await installCrd();
  const [registry, namespace] = await Promise.all([startEtcd(etcd), createNamespace('controller')]);
  const { credentials } = servers();
  const scene = new Scene({
    registry,
    registrar: new Registrar(registry),
    objects: new KubeObjects(credentials, namespace.name),
    controller: {
      etcd: registry.endpoints,
      kubeconfig: credentials.kubeconfigPath,
      namespaces: [namespace.name],
      args,
      ...(await controller?.(registry)),
    },
  });
  try {
    await scene.startController();
  } catch (error) {
    await scene.stop();
    throw error;
  }
  return scene;
}

/** A namespace of its own, a registry of its own, and a controller that serves both. */
export class Scene {
  readonly registry: RegistryEtcd;
  readonly registrar: Registrar;
  readonly objects: KubeObjects;
  readonly #options: ControllerOptions;
  #controller: ControllerProcess | undefined;

  constructor({ registry, registrar, objects, controller }: SceneParts) {
    this.registry = registry;
    this.registrar = registrar;
    this.objects = objects;
    this.#options = controller;
  }

  get namespace(): string {
    return this.objects.namespace;
  }

  get controller(): ControllerProcess {
    if (this.#controller === undefined) {
      throw new Error('No controller has been started');
    }
    return this.#controller;
  }

  /** Starts the controller with the flags of the scene and `args`; resolves when its caches are synced. */
  async startController(args: readonly string[] = []): Promise<ControllerProcess> {
    const options = { ...this.#options, args: [...(this.#options.args ?? []), ...args] };
    this.#controller = await startController(options);
    await this.#controller.untilReady();
    return this.#controller;
  }

  /** Ends the controller as a power cut does and starts it again; `meanwhile` happens while there is none. */
  async restartController(meanwhile?: () => Promise<unknown>): Promise<ControllerProcess> {
    await this.controller.kill();
    await meanwhile?.();
    return await this.startController();
  }

  /** Creates an EtcdService over `/services/<name>`, with what `spec` says otherwise. */
  async define(name: string, spec: Partial<EtcdServiceInput> = {}): Promise<AnyObject> {
    await this.#endFirstTry(name);
    const source = 'key' in spec || 'prefix' in spec ? {} : { prefix: `/services/${name}` };
    return await this.objects.create('etcdservices', name, {
      apiVersion: 'etcd-endpoints.io/v1alpha1',
      kind: 'EtcdService',
      spec: { ...source, ports: [{ port: 80 }], ...spec },
    });
  }

  /** Creates an EtcdService, registers one instance per value as `/services/<name>/<n>`, and returns when all is published. */
  async defineWith(
    name: string,
    instances: readonly string[],
    spec: Partial<EtcdServiceInput> = {},
  ): Promise<void> {
    await this.registrar.put(
      Object.fromEntries(instances.map((value, index) => [`/services/${name}/${index + 1}`, value])),
    );
    await this.define(name, spec);
    await this.untilReady(name);
  }

  /** What the first try of a test has left must not stand in the way of its second. */
  async #endFirstTry(name: string): Promise<void> {
    if ((await this.objects.get('etcdservices', name)) !== undefined) {
      await this.objects.delete('etcdservices', name);
      await eventually(
        async () => expect(await this.objects.get('etcdservices', name)).toBeUndefined(),
        LOOK,
      );
    }
  }

  /** Replaces fields of the spec. */
  async redefine(name: string, spec: Partial<EtcdServiceInput>): Promise<void> {
    await this.objects.change('etcdservices', name, (object) => Object.assign(object.spec, spec));
  }

  /** What the Endpoints of that name hold, see {@link addressesOf}. */
  async published(name: string): Promise<readonly string[]> {
    return addressesOf(await this.objects.get('endpoints', name));
  }

  /** Returns once the Endpoints of that name hold exactly these addresses. */
  async untilPublished(name: string, wanted: readonly string[]): Promise<void> {
    await eventually(async () => expect(await this.published(name)).toEqual(sorted(wanted)), LOOK);
  }

  /** What our EndpointSlices of that Service hold, see {@link addressesIn}; undefined where there is none. */
  async publishedInSlices(name: string): Promise<readonly string[] | undefined> {
    const slices = await this.slices(name);
    return slices.length === 0 ? undefined : sorted(slices.flatMap(addressesIn));
  }

  /** Returns once our EndpointSlices of that Service hold exactly these addresses. */
  async untilInSlices(name: string, wanted: readonly string[]): Promise<void> {
    await eventually(async () => expect(await this.publishedInSlices(name)).toEqual(sorted(wanted)), LOOK);
  }

  /** The EndpointSlices of a Service that are managed by somebody: us, unless told of another. */
  async slices(name: string, manager = 'etcd-endpoints.io'): Promise<readonly AnyObject[]> {
    const slices = await this.objects.list('endpointslices');
    return slices.filter(
      ({ metadata: { labels = {} } }) =>
        labels['kubernetes.io/service-name'] === name &&
        labels['endpointslice.kubernetes.io/managed-by'] === manager,
    );
  }

  async status(name: string): Promise<AnyObject> {
    return (await this.objects.get('etcdservices', name))?.status;
  }

  /** A condition as `True/Published`; undefined where there is none. */
  async condition(name: string, type: ConditionType): Promise<string | undefined> {
    const status = await this.status(name);
    const found = status?.conditions?.find((condition: AnyObject) => condition.type === type);
    return found && `${found.status}/${found.reason}`;
  }

  /** Returns the message of the condition Ready once that says so for the newest spec. */
  async untilReady(name: string, wanted = 'True/Published'): Promise<string> {
    return await eventually(async () => {
      const { metadata, status } = await this.objects.get('etcdservices', name);
      const ready = status?.conditions?.find((condition: AnyObject) => condition.type === 'Ready');
      expect(`${ready?.status}/${ready?.reason}`, ready?.message).toBe(wanted);
      expect(ready.observedGeneration).toBe(metadata.generation);
      return ready.message;
    }, LOOK);
  }

  /** Returns once the counts of a status have these values. */
  async untilCounted(name: string, wanted: Readonly<Record<string, number>>): Promise<void> {
    await eventually(async () => expect((await this.status(name))?.instances).toMatchObject(wanted), LOOK);
  }

  /** The Events about an EtcdService, as `Warning RegistrationsRejected message`. */
  async events(name: string): Promise<readonly string[]> {
    const events = await this.objects.list('events');
    return events
      .filter(({ involvedObject }) => involvedObject.kind === 'EtcdService' && involvedObject.name === name)
      .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
  }

  /** Returns the first Event about an EtcdService that begins so, once there is one. */
  async untilEvent(name: string, beginning: string): Promise<string> {
    return await eventually(async () => {
      const events = await this.events(name);
      const found = events.find((event) => event.startsWith(beginning));
      if (found === undefined) {
        throw new Error(`No Event ${beginning}, but ${JSON.stringify(events)}`);
      }
      return found;
    }, LOOK);
  }

  /** The resourceVersions of all that a controller may write, by kind and name: the same twice where nobody wrote. */
  async versions(): Promise<ReadonlyMap<string, string>> {
    const lists = await Promise.all(
      ['etcdservices', 'services', 'endpoints', 'endpointslices'].map(async (plural) =>
        (await this.objects.list(plural)).map(({ metadata }): [string, string] => [
          `${plural} ${metadata.name}`,
          metadata.resourceVersion,
        ]),
      ),
    );
    return new Map(lists.flat());
  }

  /** Ends the controller and the registry. The namespace's objects stay in the throw-away store: nobody serves them any more. */
  async stop(): Promise<void> {
    await this.#controller?.kill();
    this.registrar.close();
    await this.registry.stop();
  }
}

/** The label of Endpoints beside which slices of ours stand, as far as the apiserver serves these. */
export function skipMirror(): Readonly<Record<string, string>> {
  return servers().served.discoveryV1 ? { 'endpointslice.kubernetes.io/skip-mirror': 'true' } : {};
}

/** Addresses with their ports as `10.0.0.1:80`, `10.0.0.1:80 (http)` and `10.0.0.1:80 not ready`, sorted; none without Endpoints. */
export function addressesOf(endpoints: AnyObject): readonly string[] {
  const lines = (endpoints?.subsets ?? []).flatMap(
    ({ addresses = [], notReadyAddresses = [], ports = [] }: AnyObject) => [
      ...addresses.flatMap(({ ip }: AnyObject) => linesOf(ip, ports, '')),
      ...notReadyAddresses.flatMap(({ ip }: AnyObject) => linesOf(ip, ports, ' not ready')),
    ],
  );
  return sorted(lines);
}

/** Addresses of a slice, in the form of {@link addressesOf}; `draining` beside `not ready`. */
export function addressesIn({ endpoints, ports }: AnyObject): readonly string[] {
  return (endpoints ?? []).flatMap(({ addresses, conditions = {} }: AnyObject) => {
    const { ready = true, terminating = false } = conditions;
    return linesOf(addresses[0], ports ?? [], terminating ? ' draining' : ready ? '' : ' not ready');
  });
}

function sorted(lines: readonly string[]): readonly string[] {
  return lines.toSorted((a, b) => (a < b ? -1 : 1));
}

function linesOf(ip: string, ports: readonly AnyObject[], state: string): readonly string[] {
  const host = ip.includes(':') ? `[${ip}]` : ip;
  if (ports.length === 0) {
    return [`${host}${state}`];
  }
  return ports.map(({ name, port }) => `${host}:${port}${name ? ` (${name})` : ''}${state}`);
}
