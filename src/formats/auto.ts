import { json } from './json.ts';
import { plain } from './plain.ts';
import type { Format } from './types.ts';

/** Tells the formats apart by how a value begins, and reads JSON by the common names. */
export const auto: Format = {
  name: 'auto',
  summary:
    'Decides for each value: what begins like a JSON object, list or text is read as `json` by the common names, all else as `plain`.',
  compile: () => {
    const readPlain = plain.compile(undefined);
    const readJson = json.compile(undefined);
    return (entry) => (beginsLikeJson(entry.value) ? readJson(entry) : readPlain(entry));
  },
};

/** `[` begins a list, and an IPv6 address too: that has a colon after its first hexadecimal digits. */
function beginsLikeJson(value: string): boolean {
  return /^\s*(\{|"|\[(?![0-9a-fA-F]{0,4}:))/.test(value);
}
