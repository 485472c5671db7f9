import { isFields } from './path.ts';
import { type Rejection, rejected } from './rejection.ts';
import type { Entry } from './types.ts';

/** The fields of a value that is a JSON object. */
export interface ValueFields {
  readonly kind: 'fields';
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Reads a value that must be a JSON object. */
export function readFields({ value }: Entry): ValueFields | Rejection {
  const fields = parseJson(value);
  return isFields(fields)
    ? { kind: 'fields', fields }
    : rejected('InvalidSyntax', 'the value is no JSON object');
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
