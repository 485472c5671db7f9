import { bytesOf } from '../etcd/bytes.ts';
import { keyOf } from '../etcd/key.ts';
import { type FormatName, formats } from './formats.ts';
import { compileReader } from './read.ts';
import { fullPrefix } from './source.ts';
import type { Announcement, Format, Instance, Unwritable } from './types.ts';

/** A key and its value, as text. */
export interface TextRegistration {
  readonly key: string;
  readonly value: string;
}

/**
 * Writes an instance of the service whose prefix this is, named by the last part of it. What would not be read as that instance again is a
 * problem: nobody would find it.
 */
export function writeBelow(
  name: FormatName,
  prefix: string,
  { id, instance }: Omit<Announcement, 'service'>,
): TextRegistration | Unwritable {
  const source = { prefix, separator: '/' };
  const service = prefix.split('/').findLast((part) => part !== '') ?? '';
  const written = (formats[name] as Format<unknown>).write({ service, id, instance });
  if ('problem' in written) {
    return written;
  }
  const { value } = written;
  const key = fullPrefix(source) + written.below;
  const read = compileReader({ ...source, format: name }, { maxValueBytes: Number.POSITIVE_INFINITY });
  const [item] = read({ key: keyOf(key), value: bytesOf(value) }).items;
  if (item?.kind === 'rejected') {
    return { problem: `it would be rejected: ${item.reason}, ${item.message}` };
  }
  return item?.kind === 'instance' && isSame(item.instance, instance)
    ? { key, value }
    : { problem: 'it would not be read as what is to be registered' };
}

/** Whether a reading has the address and the metadata; which ports it takes up is said by options of the EtcdService. */
function isSame(read: Instance, wanted: Instance): boolean {
  const hasMetadata = Object.entries(wanted.metadata).every(
    ([name, text]) => Object.hasOwn(read.metadata, name) && read.metadata[name] === text,
  );
  return read.address === wanted.address && hasMetadata;
}
