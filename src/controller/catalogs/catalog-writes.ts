import { type EtcdService, etcdServiceResource } from '../../api/etcd-service.ts';
import type { CatalogPlan } from '../../catalog/plan.ts';
import { codeOf } from '../../errors.ts';
import { type KubeWriter, type ObjectKey, objectKey } from '../../kube/types.ts';
import type { OwnWrites } from '../publish/own-writes.ts';
import { together } from '../publish/together.ts';

/** So many writes of one catalog are under way at once: a catalog of thousands must not fill every connection. */
const writesAtOnce = 8;

export interface CatalogWritesDeps {
  readonly etcdServices: OwnWrites<EtcdService>;
  readonly writer: KubeWriter;
}

/** What the apiserver says of one object, or one namespace: others may be written all the same. */
const codesOfOne: ReadonlySet<string | undefined> = new Set([
  'KUBE_INVALID',
  'KUBE_FORBIDDEN',
  'KUBE_BAD_REQUEST',
  'KUBE_UNKNOWN_FIELD',
  'KUBE_NAMESPACE_TERMINATING',
  'KUBE_NOT_FOUND',
  'KUBE_ALREADY_EXISTS',
  'KUBE_CONFLICT',
]);

/** What became of a plan. */
export interface CarriedOut {
  /** Why each write failed that did. */
  readonly failures: readonly unknown[];
  /** How many EtcdServices were not created. */
  readonly notCreated: number;
}

/** Carries out what a catalog's plan says. */
export class CatalogWrites {
  readonly #deps: CatalogWritesDeps;

  constructor(deps: CatalogWritesDeps) {
    this.#deps = deps;
  }

  /**
   * What fails for one object keeps no other from being written; what fails for all is thrown. Deletions come last, and an EtcdService whose
   * replacement could not be made stays. `isAllowed` is asked before each write and throws where the term is over.
   */
  async carryOut(
    { creates, updates, deletes, moves }: Pick<CatalogPlan, 'creates' | 'updates' | 'deletes' | 'moves'>,
    isAllowed: () => void,
  ): Promise<CarriedOut> {
    const notCreated = await this.#each(creates, isAllowed, (object) => this.#write('create', object));
    const notUpdated = await this.#each(updates, isAllowed, (object) => this.#write('update', object));
    const moved = moves.filter(({ to }) => !notCreated.has(to)).map(({ from }) => from);
    const notDeleted = await this.#each([...deletes, ...moved], isAllowed, (object) => this.#delete(object));
    const failures = [notCreated, notUpdated, notDeleted].flatMap((failed) => [...failed.values()]);
    return { failures, notCreated: notCreated.size };
  }

  /** Returns what failed, by object. */
  async #each(
    objects: readonly EtcdService[],
    isAllowed: () => void,
    write: (object: EtcdService) => Promise<void>,
  ): Promise<ReadonlyMap<ObjectKey, unknown>> {
    const failed = new Map<ObjectKey, unknown>();
    const queue = objects.values();
    const worker = async (): Promise<void> => {
      for (const object of queue) {
        isAllowed();
        try {
          await write(object);
        } catch (error) {
          if (!codesOfOne.has(codeOf(error))) {
            throw error;
          }
          failed.set(objectKey(object.metadata), error);
        }
      }
    };
    await together(Array.from({ length: writesAtOnce }, worker));
    return failed;
  }

  async #delete(object: EtcdService): Promise<void> {
    const { etcdServices, writer } = this.#deps;
    await writer.delete(etcdServiceResource, object.metadata);
    etcdServices.rememberDeleted(objectKey(object.metadata), object);
  }

  async #write(action: 'create' | 'update', object: EtcdService): Promise<void> {
    const { etcdServices, writer } = this.#deps;
    await etcdServices.write(objectKey(object.metadata), () => writer[action](etcdServiceResource, object));
  }
}
