/** Raw programs have to write what the controller writes: what an object has besides its content takes the servers time, too. */
import type { Ground } from '../ground.ts';
import { collection, namespace, rawNamespace } from '../objects.ts';
import type { RawKind } from './raw-writes.ts';

/** Looks at one object of each of these kinds that a raw program has made. Returns what compares it with one of the controller, and throws where they differ. */
export async function sameWrites(ground: Ground, kinds: readonly RawKind[]): Promise<() => Promise<void>> {
  const raw = await fieldsOf(ground, kinds, rawNamespace);
  return async () => {
    const ours = await fieldsOf(ground, kinds, namespace);
    if (raw.join() !== ours.join()) {
      throw new Error(
        `fields of ${kinds.join(', ')}: ${raw.join(', ')} in raw programs, ${ours.join(', ')} in ours`,
      );
    }
  };
}

/** How many fields one object of each kind has. What the apiserver notes of who wrote them differs where we apply a Service and raw programs create it. */
async function fieldsOf(
  { api }: Ground,
  kinds: readonly RawKind[],
  inNamespace: string,
): Promise<readonly number[]> {
  const lists = await Promise.all(
    kinds.map((kind) => api.send('GET', `${collection(kind, inNamespace)}?limit=1`)),
  );
  return lists.map(({ items: [{ metadata, ...rest }] }) => {
    const { managedFields: _, ...ofMetadata } = metadata;
    return fieldsIn({ ...rest, metadata: ofMetadata });
  });
}

function fieldsIn(value: unknown): number {
  return typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, inner) => sum + 1 + fieldsIn(inner), 0)
    : 0;
}
