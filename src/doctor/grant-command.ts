import { textOf } from '../etcd/bytes.ts';
import { prefixRange, singleRange } from '../etcd/key.ts';
import type { Key, KeyRange } from '../etcd/types.ts';

/** The command that lets a role read exactly the range, to be pasted into a shell. `ROLE` is for the user to fill in. */
export function grantCommand(range: KeyRange): string {
  return `etcdctl role grant-permission ROLE read ${argumentsOf(range)}`;
}

function argumentsOf({ start, end }: KeyRange): string {
  if (end === singleRange(start).end) {
    return shellWord(start);
  }
  const prefix = start === '\0' ? ('' as Key) : start;
  if (end === prefixRange(prefix).end) {
    return `--prefix ${shellWord(prefix)}`;
  }
  return end === '\0' ? `--from-key ${shellWord(start)}` : `${shellWord(start)} ${shellWord(end)}`;
}

/** The bytes of a key as one word of bash. */
function shellWord(key: Key): string {
  const text = textOf(key);
  if (text === undefined || /\p{C}|\p{Zl}|\p{Zp}/u.test(text)) {
    return `$'${key.replace(/[^\x20-\x7e]|['\\]/g, escapeByte)}'`;
  }
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function escapeByte(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
