/** The verbs that change something. */
import { hasCode, messageOf, TerminalError } from '../errors.ts';
import type { KubeRequest, WriteGate } from './exchange.ts';
import { collectionPath, namespaceOf, objectPath, type Query, withQuery } from './paths.ts';
import type { Transport } from './transport.ts';
import type { KubeObject, KubeWriter, ObjectMeta, Resource } from './types.ts';

/** Who owns the fields that we write. */
export const FIELD_MANAGER = 'etcd-endpoints.io';

const WRITE_QUERY: Query = { fieldManager: FIELD_MANAGER };

/** A write is sent once: whether one that failed came through is for the reconciler to see. */
export class Writes implements KubeWriter {
  readonly #transport: Transport;
  readonly #timeoutMs: number;
  readonly #gate: WriteGate | undefined;

  constructor(transport: Transport, timeoutMs: number, gate?: WriteGate) {
    this.#transport = transport;
    this.#timeoutMs = timeoutMs;
    this.#gate = gate;
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.#write(resource, object.metadata, {
      verb: 'create',
      method: 'POST',
      path: withQuery(collectionPath(resource, object.metadata.namespace), WRITE_QUERY),
      body: object,
    });
  }

  update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.#write(resource, object.metadata, {
      verb: 'update',
      method: 'PUT',
      path: withQuery(objectPath(resource, object.metadata), WRITE_QUERY),
      body: object,
    });
  }

  updateStatus<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.#write(resource, object.metadata, {
      verb: 'update',
      method: 'PUT',
      subresource: 'status',
      path: withQuery(objectPath(resource, object.metadata, 'status'), WRITE_QUERY),
      body: object,
    });
  }

  apply<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: { readonly force: boolean },
  ): Promise<T> {
    return this.#write(resource, object.metadata, {
      verb: 'patch',
      method: 'PATCH',
      path: withQuery(objectPath(resource, object.metadata), { ...WRITE_QUERY, force: options.force }),
      body: object,
      contentType: 'application/apply-patch+yaml',
    });
  }

  mergePatch<T extends KubeObject>(resource: Resource<T>, target: ObjectMeta, patch: object): Promise<T> {
    return this.#write(resource, target, {
      verb: 'patch',
      method: 'PATCH',
      path: withQuery(objectPath(resource, target), WRITE_QUERY),
      body: patch,
      contentType: 'application/merge-patch+json',
    });
  }

  /** A conflict over the uid means that another object has the name by now: the one meant is gone, which is what was asked for. */
  async delete(resource: Resource, target: ObjectMeta): Promise<void> {
    const { uid, resourceVersion } = target;
    if (uid === undefined || resourceVersion === undefined) {
      throw new TerminalError(
        'KUBE_VERSION_MISSING',
        `delete ${resource.kind} ${target.name}: its uid or resourceVersion is not known`,
      );
    }
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Background',
      preconditions: { uid, resourceVersion },
    };
    try {
      await this.#write(resource, target, {
        verb: 'delete',
        method: 'DELETE',
        path: objectPath(resource, target),
        body,
      });
    } catch (error) {
      if (!hasCode(error, 'KUBE_NOT_FOUND') && !isOtherUid(error)) {
        throw error;
      }
    }
  }

  async #write<T extends KubeObject>(
    resource: Resource<T>,
    target: ObjectMeta,
    request: Omit<KubeRequest, 'resource' | 'name' | 'namespace' | 'deadlineMs'>,
  ): Promise<T> {
    const call = {
      ...request,
      resource,
      name: target.name,
      ...namespaceOf(target),
      deadlineMs: this.#timeoutMs,
    };
    return (await this.#transport.call(call, { gate: this.#gate })).body as T;
  }
}

/** Only the words tell this conflict from others; `UID in precondition: …`, later `the UID in the precondition (…)`. */
function isOtherUid(error: unknown): boolean {
  return hasCode(error, 'KUBE_CONFLICT') && /UID in (the )?precondition/.test(messageOf(error));
}
