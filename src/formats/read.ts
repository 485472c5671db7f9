import { textOf } from '../etcd/bytes.ts';
import { keyOf } from '../etcd/key.ts';
import type { Bytes, Key, Registration } from '../etcd/types.ts';
import { entryOf } from './entry.ts';
import { compileFormat, type FormatName, type FormatOptions } from './formats.ts';
import { compileLayout } from './layout.ts';
import { type RejectionReason, rejected } from './rejection.ts';
import { belowOf, type Source } from './source.ts';
import type { Entry, EntryReader, Item, Look, Reading } from './types.ts';

/** What a reader is made of: the fields of an EtcdService that say where its registrations lie and how they are read. */
export type ReaderSpec = Source &
  FormatOptions & {
    readonly format: FormatName;
    readonly layout?: string | undefined;
    /** What stands before every key in etcd (the root of an EtcdRegistry). Formats are given keys without it: they tell them by how they begin. */
    readonly root?: string | undefined;
  };

export interface ReaderLimits {
  /** A longer value is rejected unread. */
  readonly maxValueBytes: number;
}

/** The value of another key of the same EtcdService, undefined where there is none. */
export type FindValue = (key: Key) => Bytes | undefined;

/**
 * Reads one registration: pure, never throws, linear in the size of key and value. What it asks `findValue` decides as well: it has to be
 * read again when one of those keys changes. Most formats ask for none.
 */
export type RegistrationReader = (
  registration: Pick<Registration, 'key' | 'value'>,
  findValue?: FindValue,
) => Reading;

/**
 * Prepares the reader of an EtcdService once for all its registrations. Parts of the key that the layout names are added to the metadata
 * of every instance; where the value has metadata of the same name, the key wins: who may write below a key is what etcd guards.
 */
export function compileReader(spec: ReaderSpec, { maxValueBytes }: ReaderLimits): RegistrationReader {
  const readEntry = compileFormat(spec.format, spec);
  const layout = spec.layout === undefined ? () => ({}) : compileLayout(spec.layout, spec.separator);
  const { root = '' } = spec;
  return ({ key, value }, findValue = () => undefined) => {
    if (value.length > maxValueBytes) {
      const message = `the value has ${value.length} bytes, the limit is ${maxValueBytes}`;
      return unreadable('ValueTooLarge', message);
    }
    const whole = textOf(key);
    const said = textOf(value);
    if (whole === undefined || said === undefined) {
      return unreadable('InvalidEncoding', `the ${whole === undefined ? 'key' : 'value'} is not UTF-8`);
    }
    const text = whole.slice(root.length);
    const look: Look = (other) => lookedUp(findValue(keyOf(root + other)), maxValueBytes);
    const reading = readSafely(readEntry, entryOf(spec, text, said), look);
    return withMetadata(reading, layout(belowOf(spec, text)));
  };
}

function lookedUp(value: Bytes | undefined, maxValueBytes: number): string | undefined {
  return value !== undefined && value.length <= maxValueBytes ? textOf(value) : undefined;
}

/** Formats do not throw. Should one do so all the same, that costs one registration and no neighbour. */
function readSafely(readEntry: EntryReader, entry: Entry, look: Look): Reading {
  try {
    return readEntry(entry, look);
  } catch {
    // The cause is left out on purpose: its message may quote the value.
    return unreadable('InvalidSyntax', 'the value could not be read');
  }
}

function withMetadata(reading: Reading, metadata: Readonly<Record<string, string>>): Reading {
  return Object.keys(metadata).length === 0
    ? reading
    : { ...reading, items: reading.items.map((item) => addMetadata(item, metadata)) };
}

function addMetadata(item: Item, metadata: Readonly<Record<string, string>>): Item {
  if (item.kind !== 'instance') {
    return item;
  }
  const { instance } = item;
  return { ...item, instance: { ...instance, metadata: { ...instance.metadata, ...metadata } } };
}

function unreadable(reason: RejectionReason, message: string): Reading {
  return { format: undefined, items: [rejected(reason, message)] };
}
