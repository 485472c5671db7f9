import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { table } from '../reference/markdown.ts';

/** A value as the user sets it. */
export interface ValueDoc {
  /** `etcd.tls.secretName`. */
  readonly path: string;
  readonly default: unknown;
  readonly doc: string;
}

/** Every value of values.yaml that has a comment. A map without comments in it is one value. Throws where a value has no comment. */
export function valueDocs(valuesYaml: string): readonly ValueDoc[] {
  const { contents } = parseDocument(valuesYaml);
  if (!isMap(contents)) {
    throw new Error('values.yaml: expected a map');
  }
  return docsOf(contents, '');
}

function docsOf(map: YAMLMap, prefix: string): readonly ValueDoc[] {
  return map.items.flatMap((pair, place) => {
    const key = nameOf(pair);
    const path = `${prefix}${key}`;
    const comment = commentOf(pair) ?? (place === 0 ? map.commentBefore : undefined);
    const inner = isMap(pair.value) && hasComments(pair.value) ? pair.value : undefined;
    if (inner !== undefined) {
      return docsOf(inner, `${path}.`);
    }
    if (comment == null) {
      throw new Error(`values.yaml: ${path} has no comment`);
    }
    const value = isMap(pair.value) || !isScalar(pair.value) ? pair.value : pair.value.value;
    return [{ path, default: asJson(value), doc: comment.replaceAll(/\n ?/g, ' ').trim() }];
  });
}

function nameOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function commentOf({ key }: Pair): string | undefined {
  return isScalar(key) ? (key.commentBefore ?? undefined) : undefined;
}

function hasComments(map: YAMLMap): boolean {
  return map.commentBefore != null || map.items.some((pair) => commentOf(pair) !== undefined);
}

function asJson(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'toJSON' in value
    ? (value as { toJSON(): unknown }).toJSON()
    : value;
}

/** The table of values for the chart's README. */
export function valuesTable(valuesYaml: string): string {
  return table(
    ['Value', 'Default', 'Meaning'],
    valueDocs(valuesYaml).map(({ path, default: value, doc }) => [
      `\`${path}\``,
      `\`${JSON.stringify(value)}\``,
      doc,
    ]),
  );
}
