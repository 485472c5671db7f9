import { type EtcdService, etcdServiceResource } from '../../api/etcd-service.ts';
import type { CatalogPlan } from '../../catalog/plan.ts';
import { type KubeWriter, objectKey } from '../../kube/types.ts';
import type { OwnWrites } from '../own-writes.ts';
import { together } from '../together.ts';

/** So many writes of one catalog are under way at once: a catalog of thousands must not fill every connection. */
const writesAtOnce = 8;

export interface CatalogWritesDeps {
  readonly etcdServices: OwnWrites<EtcdService>;
  readonly writer: KubeWriter;
}

/** Carries out what a catalog's plan says. */
export class CatalogWrites {
  readonly #deps: CatalogWritesDeps;

  constructor(deps: CatalogWritesDeps) {
    this.#deps = deps;
  }

  /** `isAllowed` is asked before each write and throws where the term is over. The first failure is thrown when all have ended. */
  async carryOut(
    { creates, updates, deletes }: Pick<CatalogPlan, 'creates' | 'updates' | 'deletes'>,
    isAllowed: () => void,
  ): Promise<void> {
    const { writer } = this.#deps;
    const write = (make: Promise<EtcdService>): Promise<void> => make.then((made) => this.#remember(made));
    const tasks: readonly (() => Promise<void>)[] = [
      ...creates.map((object) => () => write(writer.create(etcdServiceResource, object))),
      ...updates.map((object) => () => write(writer.update(etcdServiceResource, object))),
      ...deletes.map((object) => () => this.#delete(object)),
    ];
    const queue = tasks.values();
    const worker = async (): Promise<void> => {
      for (const task of queue) {
        isAllowed();
        await task();
      }
    };
    await together(Array.from({ length: writesAtOnce }, worker));
  }

  async #delete(object: EtcdService): Promise<void> {
    const { etcdServices, writer } = this.#deps;
    await writer.delete(etcdServiceResource, object.metadata);
    etcdServices.rememberDeleted(objectKey(object.metadata), object);
  }

  #remember(object: EtcdService): void {
    this.#deps.etcdServices.remember(objectKey(object.metadata), object);
  }
}
