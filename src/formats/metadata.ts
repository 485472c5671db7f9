import { isFields } from './path.ts';
import type { Instance } from './types.ts';

/** Bounds of the metadata of one instance, in entries and in characters: what lies beyond is left out. */
const mostEntries = 256;
const longestName = 256;
const longestText = 1024;

/**
 * The texts, numbers and booleans of some objects as flat metadata; lists, objects and null are left out. Of two of one name the first
 * counts, so that what a format says itself stands before what its users may write. A source that is no object adds nothing.
 */
export function flatMetadata(...sources: readonly unknown[]): Instance['metadata'] {
  const flat = new Map<string, string>();
  for (const [name, value] of sources.flatMap((source) => (isFields(source) ? Object.entries(source) : []))) {
    const text = scalarText(value);
    if (text !== undefined && isShort(name, text) && flat.size < mostEntries && !flat.has(name)) {
      flat.set(name, text);
    }
  }
  return Object.fromEntries(flat);
}

/** The text of a value that is no list, object or null: as JSON writes it. */
export function scalarText(value: unknown): string | undefined {
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar ? String(value) : undefined;
}

function isShort(name: string, text: string): boolean {
  return name.length <= longestName && text.length <= longestText;
}
