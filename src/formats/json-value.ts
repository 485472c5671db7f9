import { isFields } from './path.ts';
import { type Rejection, rejected } from './rejection.ts';
import type { Entry } from './types.ts';

/** The fields of a value that is a JSON object. */
export interface ValueFields {
  readonly kind: 'fields';
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Reads a value that must be a JSON object. */
export function readFields(entry: Entry): ValueFields | Rejection {
  const fields = entry.json();
  return isFields(fields)
    ? { kind: 'fields', fields }
    : rejected('InvalidSyntax', 'the value is no JSON object');
}

/** The fields of a value that is a JSON object, for a format that looks whether a value may be its own; none of any other. */
export function fieldsOf(entry: Entry): Readonly<Record<string, unknown>> {
  const fields = entry.json();
  return isFields(fields) ? fields : {};
}

/**
 * Whether a text may be a JSON object, list or text, by its first characters. `[` begins a list, and an IPv6 address too: that has a
 * colon after its first hexadecimal digits.
 */
export function beginsLikeJson(text: string): boolean {
  return /^\s*(\{|"|\[(?![0-9a-fA-F]{0,4}:))/.test(text);
}

/** The JSON value of a text; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause is left out on purpose: its message quotes the text.
    return undefined;
  }
}
