import { keyOf, prefixRange, singleRange } from '../etcd/key.ts';
import type { KeyRange } from '../etcd/types.ts';

/** Where registrations lie: exactly one of prefix and key is there (the schema's rules see to it). */
export interface Source {
  readonly prefix?: string | undefined;
  readonly key?: string | undefined;
  /** Ends the prefix and parts the key below it; `''` takes the bytes as they are. */
  readonly separator: string;
}

/** The keys to follow: the one key, or all below the prefix. `/web` with the separator `/` never holds `/web-admin`. */
export function rangeOf(source: Source): KeyRange {
  return source.key === undefined ? prefixRange(keyOf(fullPrefix(source))) : singleRange(keyOf(source.key));
}

/** The prefix with the separator added where it lacks. */
export function fullPrefix({ prefix = '', separator }: Source): string {
  return prefix.endsWith(separator) ? prefix : prefix + separator;
}

/** The source as it is in the whole etcd, where a registry has its root before the keys that are named. */
export function belowRoot(root: string, { prefix, key, separator }: Source): Source {
  return {
    separator,
    ...(prefix !== undefined && { prefix: root + fullPrefix({ prefix, separator }) }),
    ...(key !== undefined && { key: root + key }),
  };
}

/** The part of the key below the prefix; `''` for a record at the key itself. */
export function belowOf(source: Source, key: string): string {
  return source.key === undefined ? key.slice(fullPrefix(source).length) : '';
}

/** The last part of the key: of what is below the prefix, or of the single key. */
export function lastPartOf(source: Source, key: string): string {
  const text = source.key === undefined ? belowOf(source, key) : key;
  return source.separator === '' ? text : (text.split(source.separator).at(-1) ?? '');
}
