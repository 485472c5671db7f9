import { type HostPort, readHostPort } from './host-port.ts';
import { type Rejection, rejected } from './rejection.ts';
import type { Entry, Format, Item } from './types.ts';

/** The address as it is: in the value, or in the key where the value is empty. */
export const plain: Format = {
  name: 'plain',
  summary:
    'The value is `host:port`, `[v6]:port` or an address alone. Where the value is empty, the last part of the key is read so.',
  compile: () => (entry) => ({ format: 'plain', items: [readPlain(entry)] }),
};

function readPlain(entry: Entry): Item {
  const text = entry.value.trim();
  if (text !== '') {
    return toItem(readHostPort(text));
  }
  if (entry.lastPart === '') {
    return { kind: 'ignored', message: 'an empty value at a directory' };
  }
  const message = 'the value is empty and the last part of the key is no address';
  return toItem(readKeyAddress(entry) ?? rejected('NoAddress', message));
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

function toItem(read: HostPort | Rejection): Item {
  if (read.kind === 'rejected') {
    return read;
  }
  const ports: Record<string, number> = read.port === undefined ? {} : { '': read.port };
  return { kind: 'instance', instance: { address: read.address, ports, ready: true, metadata: {} } };
}
