import type { Change, Key, Registration, Revision } from '../types.ts';

/**
 * Whether both are the same version of a key, as far as can be told without values. Revisions repeat after a restore, leases do not; a key without
 * a lease that is written again at the very revision of its former self is not told apart.
 */
export function isSameVersion(a: Registration, b: Registration): boolean {
  return a.modRevision === b.modRevision && a.createRevision === b.createRevision && a.lease === b.lease;
}

/** Whether both are the same registration, down to the value. */
export function isSame(a: Registration, b: Registration): boolean {
  return a === b || (isSameVersion(a, b) && a.value === b.value);
}

/** What leads from the mirror to a complete list of the same range: mark and sweep. */
export function differences(
  mirror: ReadonlyMap<Key, Registration>,
  listed: ReadonlyMap<Key, Registration>,
  revision: Revision,
): readonly Change[] {
  const changes: Change[] = [];
  for (const key of mirror.keys()) {
    if (!listed.has(key)) {
      changes.push({ key, registration: undefined, revision });
    }
  }
  for (const [key, registration] of listed) {
    const ours = mirror.get(key);
    if (ours === undefined || !isSame(ours, registration)) {
      changes.push({ key, registration, revision });
    }
  }
  return changes;
}

/** The changes that are news to the mirror: not told before, and no delete of what it does not hold. Later changes may build on earlier ones. */
export function applyChanges(mirror: Map<Key, Registration>, changes: readonly Change[]): readonly Change[] {
  return changes.filter((change) => applyChange(mirror, change));
}

function applyChange(mirror: Map<Key, Registration>, { key, registration }: Change): boolean {
  if (registration === undefined) {
    return mirror.delete(key);
  }
  const ours = mirror.get(key);
  if (ours !== undefined && isSame(ours, registration)) {
    return false;
  }
  mirror.set(key, registration);
  return true;
}
