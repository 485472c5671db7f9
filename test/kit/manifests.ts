import { request } from 'node:https';
import type { Credentials } from '../../dev/control-plane/plane.ts';
import { eventually } from './eventually.ts';
import type { AnyObject } from './kube-objects.ts';

/** Who applies: the administrator of a control plane, or the bearer of a token. */
export type Applicant = Pick<Credentials, 'server' | 'caPem'> &
  (Pick<Credentials, 'certPem' | 'keyPem'> | { readonly token: string });

export interface Answer {
  readonly status: number;
  readonly json: AnyObject;
}

export interface ApplyOptions {
  /** Nothing is stored. */
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
}

/** Objects of any kind, as `kubectl apply --server-side` and a GitOps controller handle them. */
export class Manifests {
  readonly #applicant: Applicant;
  readonly #lists = new Map<string, Promise<AnyObject>>();

  constructor(applicant: Applicant) {
    this.#applicant = applicant;
  }

  /** One call; the answer may be an error. */
  call(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Answer> {
    return send(this.#applicant, { method, path, body, contentType });
  }

  /** Server-side apply with force, as GitOps controllers do it. The answer may be an error. */
  async tryApply(
    object: AnyObject,
    { dryRun = false, fieldManager = 'test' }: ApplyOptions = {},
  ): Promise<Answer> {
    const query = `fieldManager=${fieldManager}&force=true${dryRun ? '&dryRun=All' : ''}&fieldValidation=Strict`;
    const path = await this.pathOf(object);
    return await this.call('PATCH', `${path}?${query}`, object, 'application/apply-patch+yaml');
  }

  async apply(object: AnyObject, options: ApplyOptions = {}): Promise<AnyObject> {
    const { status, json } = await this.tryApply(object, options);
    if (status >= 300) {
      const { kind, metadata } = object;
      throw new Error(`Cannot apply ${kind} ${metadata.name}: HTTP ${status}: ${json?.message}`);
    }
    return json;
  }

  /** Applies one after the other, as Helm does; what a CRD defines is served before the next is applied. */
  async applyAll(objects: readonly AnyObject[], options: ApplyOptions = {}): Promise<readonly AnyObject[]> {
    const applied: AnyObject[] = [];
    for (const object of objects) {
      applied.push(await this.apply(object, options));
      if (object.kind === 'CustomResourceDefinition') {
        await this.#untilServed(object);
      }
    }
    return applied;
  }

  /** The object as it stands; undefined where there is none. */
  async get(object: AnyObject): Promise<AnyObject> {
    const { status, json } = await this.call('GET', await this.pathOf(object));
    return status === 404 ? undefined : json;
  }

  async pathOf({ apiVersion, kind, metadata }: AnyObject): Promise<string> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    let list = await this.#listOf(root);
    if (list.resources?.some((one: AnyObject) => one.kind === kind) !== true) {
      this.#lists.delete(root);
      list = await this.#listOf(root);
    }
    const resource = list.resources?.find((one: AnyObject) => one.kind === kind && !one.name.includes('/'));
    if (resource === undefined) {
      throw new Error(`The apiserver does not serve ${kind} in ${apiVersion}`);
    }
    const scope = resource.namespaced ? `/namespaces/${metadata.namespace}` : '';
    return `${root}${scope}/${resource.name}/${metadata.name}`;
  }

  #listOf(root: string): Promise<AnyObject> {
    const known = this.#lists.get(root) ?? this.call('GET', root).then(({ json }) => json);
    this.#lists.set(root, known);
    return known;
  }

  async #untilServed({ spec }: AnyObject): Promise<void> {
    const { group, names, versions } = spec;
    await eventually(async () => {
      const path = `/apis/${group}/${versions[0].name}/${names.plural}`;
      const { status } = await this.call('GET', path);
      if (status !== 200) {
        throw new Error(`${path} is not served`);
      }
    });
  }
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly contentType: string;
}

async function send(applicant: Applicant, { method, path, body, contentType }: Call): Promise<Answer> {
  const { server, caPem } = applicant;
  const asUser =
    'token' in applicant
      ? { headers: { authorization: `Bearer ${applicant.token}`, 'content-type': contentType } }
      : { cert: applicant.certPem, key: applicant.keyPem, headers: { 'content-type': contentType } };
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const call = request(new URL(path, server), { method, ca: caPem, ...asUser }, (response) => {
    const parts: Buffer[] = [];
    response.on('data', (part: Buffer) => parts.push(part));
    response.on('end', () => {
      const text = Buffer.concat(parts).toString();
      resolve({ status: response.statusCode ?? 0, json: text.startsWith('{') ? JSON.parse(text) : text });
    });
    response.on('error', reject);
  });
  call.on('error', reject);
  call.end(body === undefined ? undefined : JSON.stringify(body));
  return await promise;
}
