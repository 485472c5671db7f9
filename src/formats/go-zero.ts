import { readHostPort } from './host-port.ts';
import { itemAt } from './item.ts';
import { rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Item, Unwritable, Written } from './types.ts';
import { hostPortText, lackOfPlace, portOf } from './writing.ts';

/** A lease id of etcd as go-zero writes it: member, time and counter in 63 bits. */
const leaseId = /^[1-9][0-9]{14,18}$/;

/** What go-zero's discov writes: the address alone. */
export const goZero: Format = {
  name: 'go-zero',
  summary: 'Addresses of go-zero (zrpc). There is no metadata.',
  key: '<Key>/<lease id, or the configured ID>',
  value: 'host:port',
  example: {
    source: { prefix: 'user.rpc' },
    registrations: { 'user.rpc/7587862072904530947': '10.0.0.5:8080' },
  },
  traps:
    'The key has no slash in front. One address may stand under several keys, such as after a new lease: it is published once and counted as a duplicate.',
  compile: () => (entry) => ({ format: 'go-zero', items: [readAddress(entry)] }),
  recognises: ({ lastPart, value }) => leaseId.test(lastPart) && readHostPort(value).kind === 'host-port',
  write: writeAddress,
};

function readAddress(entry: Entry): Item {
  const text = entry.value.trim();
  return text === '' ? rejected('NoAddress', 'the value is empty') : itemAt(readHostPort(text));
}

function writeAddress({ id, instance }: Announcement): Written | Unwritable {
  return (
    lackOfPlace(instance, { ports: 'one', metadata: false }) ?? {
      below: id,
      value: hostPortText(instance.address, portOf(instance)),
    }
  );
}
