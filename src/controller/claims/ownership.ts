import { labels } from '../../endpoints/labels.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../../kube/types.ts';

/** Whose an object is, seen from the EtcdService that has won the claim on its name. */
export type Owner = 'ours' | 'foreign';

/**
 * Ours is what a claimant controls, whatever became of its labels, and what carries our label, unless the EtcdService that the label names
 * is alive and is none of those that claim the name: then somebody else put the label there. A dead owner's object is taken over by who
 * claims the name next (design, promise 6).
 */
export function ownerOf(
  object: KubeObject,
  claimants: readonly ObjectMeta[],
  isAlive: (name: string) => boolean,
): Owner {
  const { ownerReferences = [], labels: marks = {} } = object.metadata;
  const controller = ownerReferences.find((owner) => owner.controller === true)?.uid;
  if (claimants.some(({ uid }) => uid !== undefined && uid === controller)) {
    return 'ours';
  }
  const named = marks[labels.etcdService];
  if (named === undefined) {
    return 'foreign';
  }
  return claimants.some(({ name }) => name === named) || !isAlive(named) ? 'ours' : 'foreign';
}

/** Whether an object carries the label of this very EtcdService and, where it has a controlling owner, its uid. */
export function isPublishedBy({ metadata }: KubeObject, { name, uid }: ObjectMeta): boolean {
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true);
  return (
    metadata.labels?.[labels.etcdService] === name && (controller === undefined || controller.uid === uid)
  );
}

/** The value under which the objects are found that an owner controls. */
export function controlledBy(uid: string | undefined): string {
  return `controlled by ${uid}`;
}

interface Claimant {
  readonly metadata: ObjectMeta;
  readonly retains: boolean;
}

/**
 * Owners of what is published under a claimed name: the winner as controller, and every other claimant, so that Kubernetes's garbage
 * collection leaves the objects to the next one when the winner goes. None where the winner retains them.
 */
export function ownersOf(winner: Claimant, others: readonly Claimant[]): readonly OwnerReference[] {
  if (winner.retains) {
    return [];
  }
  const waiting = others.filter(({ retains }) => !retains).map(({ metadata }) => reference(metadata, false));
  return [reference(winner.metadata, true), ...waiting];
}

function reference({ name, uid }: ObjectMeta, controller: boolean): OwnerReference {
  return {
    apiVersion: 'etcd-endpoints.io/v1alpha1',
    kind: 'EtcdService',
    name,
    uid: uid ?? '',
    controller,
    blockOwnerDeletion: false,
  };
}

/** Orders claimants: the older wins, of two of one second the one with the lower UID. */
export function olderFirst(a: ObjectMeta, b: ObjectMeta): number {
  const [x, y] = [claimRank(a), claimRank(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function claimRank({ creationTimestamp = '', uid = '' }: ObjectMeta): string {
  return `${creationTimestamp} ${uid}`;
}
