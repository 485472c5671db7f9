import { isUtf8 } from 'node:buffer';
import { keyText } from '../etcd/key.ts';
import type { Registration } from '../etcd/types.ts';
import { compileFormat, type FormatName, type FormatOptions } from './formats.ts';
import { compileLayout } from './layout.ts';
import { type RejectionReason, rejected } from './rejection.ts';
import { belowOf, lastPartOf, type Source } from './source.ts';
import type { EntryReader, Item, Reading } from './types.ts';

/** What a reader is made of: the fields of an EtcdService that say where its registrations lie and how they are read. */
export type ReaderSpec = Source &
  FormatOptions & {
    readonly format: FormatName;
    readonly layout?: string | undefined;
  };

export interface ReaderLimits {
  /** A longer value is rejected unread. */
  readonly maxValueBytes: number;
}

/** Reads one registration: pure, never throws, linear in the size of key and value. */
export type RegistrationReader = (registration: Pick<Registration, 'key' | 'value'>) => Reading;

/**
 * Prepares the reader of an EtcdService once for all its registrations. Parts of the key that the layout names are added to the metadata
 * of every instance; where the value has metadata of the same name, the key wins: who may write below a key is what etcd guards.
 */
export function compileReader(spec: ReaderSpec, limits: ReaderLimits): RegistrationReader {
  const readEntry = compileFormat(spec.format, spec);
  const layout = spec.layout === undefined ? () => ({}) : compileLayout(spec.layout, spec.separator);
  return ({ key, value }) => {
    if (value.byteLength > limits.maxValueBytes) {
      const message = `the value has ${value.byteLength} bytes, the limit is ${limits.maxValueBytes}`;
      return unreadable('ValueTooLarge', message);
    }
    const text = keyText(key);
    if (text === undefined || !isUtf8(value)) {
      return unreadable('InvalidEncoding', `the ${text === undefined ? 'key' : 'value'} is not UTF-8`);
    }
    const below = belowOf(spec, text);
    const reading = readSafely(readEntry, {
      key: text,
      below,
      lastPart: lastPartOf(spec, text),
      value: value.toString('utf8'),
    });
    return withMetadata(reading, layout(below));
  };
}

/** Formats do not throw. Should one do so all the same, that costs one registration and no neighbour. */
function readSafely(readEntry: EntryReader, entry: Parameters<EntryReader>[0]): Reading {
  try {
    return readEntry(entry);
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
