import { isDeepStrictEqual } from 'node:util';
import { TerminalError } from '../errors.ts';
import {
  type KubeObject,
  type KubeWriter,
  type ObjectMeta,
  objectKey,
  type Resource,
} from '../kube/types.ts';
import { applied, merged } from './merge.ts';

/** What the controller would do to one object. */
export interface Change {
  readonly action: 'create' | 'update' | 'delete';
  readonly resource: Resource;
  /** As it stands; undefined where it does not. */
  readonly before: KubeObject | undefined;
  /** As it would stand; undefined where it would be deleted. */
  readonly after: KubeObject | undefined;
}

/** Finds an object as it stands. */
export type Finder = <T extends KubeObject>(
  resource: Resource<T>,
  meta: ObjectMeta,
) => Promise<T | undefined>;

interface Recorded {
  readonly resource: Resource;
  readonly before: KubeObject | undefined;
  after: KubeObject | undefined;
}

/**
 * Takes the writes of the controller's own code instead of an apiserver, and answers as that would: a name that is taken is refused. Nothing leaves
 * the process.
 */
export class RecordingWriter implements KubeWriter {
  readonly #find: Finder;
  readonly #records = new Map<string, Recorded>();

  constructor(find: Finder) {
    this.#find = find;
  }

  /** What was written since the last time, each object once, in the order of the first writes. What ends as it stood is left out. */
  takeChanges(): readonly Change[] {
    const records = [...this.#records.values()];
    this.#records.clear();
    return records.flatMap(({ resource, before, after }) => {
      if (isDeepStrictEqual(before, after)) {
        return [];
      }
      const action = before === undefined ? 'create' : after === undefined ? 'delete' : 'update';
      return [{ action, resource, before, after } as const];
    });
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    const record = await this.#record(resource, object.metadata);
    if (record.after !== undefined) {
      const name = objectKey(object.metadata);
      throw new TerminalError('KUBE_ALREADY_EXISTS', `${resource.kind} ${name} exists already`, {
        subject: name,
      });
    }
    return written(record, object);
  }

  async update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    return written(await this.#record(resource, object.metadata), object);
  }

  async updateStatus<T extends KubeObject>(_resource: Resource<T>, object: T): Promise<T> {
    return object;
  }

  /** Fields that we applied before and apply no more stay: who owns which is known to the apiserver alone. */
  async apply<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    const record = await this.#record(resource, object.metadata);
    return written(record, applied(record.after as T | undefined, object));
  }

  async mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    target: ObjectMeta,
    patch: object,
  ): Promise<T> {
    const record = await this.#record(resource, target);
    return written(record, merged(record.after, patch) as T);
  }

  async delete(resource: Resource, target: ObjectMeta): Promise<void> {
    const record = await this.#record(resource, target);
    record.after = undefined;
  }

  async #record(resource: Resource, meta: ObjectMeta): Promise<Recorded> {
    const id = `${resource.plural} ${objectKey(meta)}`;
    const known = this.#records.get(id);
    if (known !== undefined) {
      return known;
    }
    const before = await this.#find(resource, meta);
    const record = { resource, before, after: before };
    this.#records.set(id, record);
    return record;
  }
}

/** The object with the bookkeeping that an apiserver would add: it is newer than what stood. */
function written<T extends KubeObject>(record: Recorded, object: T): T {
  const { metadata } = record.after ?? object;
  const resourceVersion = String(BigInt(metadata.resourceVersion ?? 0) + 1n);
  const uid = metadata.uid ?? `planned ${objectKey(object.metadata)}`;
  const after = { ...object, metadata: { ...object.metadata, uid, resourceVersion } };
  record.after = after;
  return after;
}
