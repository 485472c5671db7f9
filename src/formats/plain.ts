import { type HostPort, readHostPort } from './host-port.ts';
import { ignored, itemAt } from './item.ts';
import { type Rejection, rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Item, Unwritable, Written } from './types.ts';
import { hostPortText, lackOfPlace, portOf } from './writing.ts';

/** The address as it is: in the value, or in the key where the value is empty. */
export const plain: Format = {
  name: 'plain',
  summary:
    'The value is `host:port`, `[v6]:port` or an address alone. Where the value is empty, the last part of the key is read so.',
  key: '<prefix>/<anything>',
  value: '`host:port`, or nothing where the key ends in it',
  example: {
    source: { prefix: '/services/web' },
    registrations: { '/services/web/vm-1': '10.0.0.5:8080' },
  },
  traps: 'An IPv6 address with a port needs brackets: `fd00::5:8080` is an address of its own.',
  compile: () => (entry) => ({ format: 'plain', items: [readPlain(entry)] }),
  write: writePlain,
};

function readPlain(entry: Entry): Item {
  const text = entry.value.trim();
  if (text !== '') {
    return itemAt(readHostPort(text));
  }
  if (entry.lastPart === '') {
    return ignored('an empty value at a directory');
  }
  const message = 'the value is empty and the last part of the key is no address';
  return itemAt(readKeyAddress(entry) ?? rejected('NoAddress', message));
}

/**
 * The address, with or without a port, that is the last part of the key. Undefined where that part is some other name; a rejection
 * where it is an address that cannot be published.
 */
export function readKeyAddress(entry: Entry): HostPort | Rejection | undefined {
  const read = readHostPort(entry.lastPart);
  const isOtherName =
    read.kind === 'rejected' && (read.reason === 'HostName' || read.reason === 'InvalidSyntax');
  return isOtherName ? undefined : read;
}

/** Writes `host:port` at a key that ends in the id. */
export function writePlain({ id, instance }: Announcement): Written | Unwritable {
  const value = hostPortText(instance.address, portOf(instance));
  return lackOfPlace(instance, { ports: 'one', metadata: false }) ?? { below: id, value };
}
