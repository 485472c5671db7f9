import { bufferOf } from '../bytes.ts';
import type { KeyRange } from '../types.ts';

/** The range as requests carry it. */
export function wireRange(range: KeyRange): { readonly key: Buffer; readonly range_end: Buffer } {
  return { key: bufferOf(range.start), range_end: bufferOf(range.end) };
}
