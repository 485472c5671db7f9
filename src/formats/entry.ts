import { beginsLikeJson, parseJson } from './json-value.ts';
import { belowOf, lastPartOf, type Source } from './source.ts';
import type { Entry } from './types.ts';

/** The entry of a key and its value. The value is parsed when it is first asked for, and only where it begins like an object, list or text. */
export function entryOf(source: Source, key: string, value: string): Entry {
  let parsed: { readonly json: unknown } | undefined;
  return {
    key,
    below: belowOf(source, key),
    lastPart: lastPartOf(source, key),
    value,
    json() {
      parsed ??= { json: beginsLikeJson(value) ? parseJson(value) : undefined };
      return parsed.json;
    },
  };
}
