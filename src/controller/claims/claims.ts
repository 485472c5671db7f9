import { type EtcdService, serviceNameOf } from '../../api/etcd-service.ts';
import { parseSpec } from '../../api/parse.ts';
import {
  type CacheIndex,
  type KubeObject,
  type ObjectKey,
  objectKey,
  type WatchedCache,
} from '../../kube/types.ts';
import { Refusal } from '../status/refusal.ts';
import type { Claim } from './claim.ts';
import { olderFirst, ownerOf, ownersOf } from './ownership.ts';

/** Which EtcdService fills which Service: of several that name one, the oldest. */
export class Claims {
  readonly #cache: WatchedCache<EtcdService>;
  readonly #byService: CacheIndex<EtcdService>;

  constructor(cache: WatchedCache<EtcdService>) {
    this.#cache = cache;
    this.#byService = cache.index((object) => [claimedService(object)]);
  }

  /** EtcdServices that name the Service, the winner first. One that is being deleted claims nothing any more. */
  claimants(service: ObjectKey): readonly EtcdService[] {
    return [...this.#byService.get(service)]
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .sort((a, b) => olderFirst(a.metadata, b.metadata));
  }

  /** The claim of an EtcdService; refused where an older one names the same Service. */
  of(object: EtcdService, spec: Claim['spec']): Omit<Claim, 'assertSameTerm' | 'trackedSince'> {
    const { namespace = '', name, uid } = object.metadata;
    const key = claimedService(object);
    const claimants = this.claimants(key);
    const winner = claimants[0];
    if (winner !== undefined && winner.metadata.uid !== uid) {
      throw new Refusal(
        'ServiceConflict',
        `Service ${key} is filled by EtcdService ${winner.metadata.name}, which is older`,
      );
    }
    const metas = claimants.map(({ metadata }) => metadata);
    const others = claimants.slice(1).map(claimantOf);
    return {
      object,
      spec,
      namespace,
      serviceName: serviceNameOf(name, spec),
      key,
      ports: spec.ports,
      owners: ownersOf(
        { metadata: object.metadata, retains: spec.service.deletionPolicy === 'Retain' },
        others,
      ),
      isOurs: (other: KubeObject) =>
        ownerOf(other, metas, (owner) => this.#cache.get(`${namespace}/${owner}`) !== undefined) === 'ours',
    };
  }
}

/** The Service that an EtcdService names, readable also where its spec is not valid: an invalid one keeps its claim. */
export function claimedService({ metadata, spec }: EtcdService): ObjectKey {
  const named = (spec as { service?: { name?: unknown } } | undefined)?.service?.name;
  const { namespace = '', name } = metadata;
  return objectKey({ namespace, name: typeof named === 'string' ? named : name });
}

function claimantOf(object: EtcdService): { metadata: EtcdService['metadata']; retains: boolean } {
  const parsed = parseSpec(object);
  return {
    metadata: object.metadata,
    retains: 'ok' in parsed && parsed.ok.service.deletionPolicy === 'Retain',
  };
}
