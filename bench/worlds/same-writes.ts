/** Raw programs have to write what the controller writes: what an object has besides its content takes the servers time, too. */
import type { Ground } from '../ground.ts';
import { collection, namespace, rawNamespace } from '../objects.ts';
import type { RawKind } from './raw-writes.ts';

/** Looks at one object of each of these kinds that a raw program has made. Returns what compares it with one of the controller, and throws where they differ. */
export async function sameWrites(ground: Ground, kinds: readonly RawKind[]): Promise<() => Promise<void>> {
  const raw = await fieldsOf(ground, kinds, rawNamespace);
  return async () => {
    const ours = await fieldsOf(ground, kinds, namespace);
    const differing = new Set(raw).symmetricDifference(new Set(ours));
    if (differing.size > 0) {
      throw new Error(`fields that only raw programs or only we write: ${[...differing].join(', ')}`);
    }
  };
}

/**
 * The fields of one object of each kind, as paths. Names of labels and annotations are only counted, since raw programs have names of their own. What the apiserver
 * notes of who wrote an object differs where we apply a Service and raw programs create it.
 */
async function fieldsOf(
  { api }: Ground,
  kinds: readonly RawKind[],
  inNamespace: string,
): Promise<readonly string[]> {
  const lists = await Promise.all(
    kinds.map((kind) => api.send('GET', `${collection(kind, inNamespace)}?limit=1`)),
  );
  return lists.flatMap(({ items: [{ metadata, ...rest }] }, index) => {
    const { managedFields: _, labels = {}, annotations = {}, ...ofMetadata } = metadata;
    const named = { labels: Object.values(labels), annotations: Object.values(annotations) };
    return pathsIn({ ...rest, metadata: { ...ofMetadata, ...named } }, `${kinds[index]}`);
  });
}

function pathsIn(value: unknown, path: string): readonly string[] {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => pathsIn(inner, `${path}.${name}`))
    : [path];
}
