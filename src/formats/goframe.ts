import { isIPv6 } from 'node:net';
import { readHostPort } from './host-port.ts';
import { ignored, itemAt, itemsOf } from './item.ts';
import { fieldsOf } from './json-value.ts';
import { flatMetadata } from './metadata.ts';
import { isFields } from './path.ts';
import { rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Item, Unwritable, Written } from './types.ts';
import { hostPortText, lackOfPlace, portOf } from './writing.ts';

/** What GoFrame's registry for etcd writes: the endpoints in the key. */
export const goframe: Format = {
  name: 'goframe',
  summary:
    'Services of GoFrame. Each endpoint of the key is an instance. Metadata is the `version` in the key and what the value holds.',
  key: '/service/<deployment>/<namespace>/<name>/<version>/<host>:<port>,…',
  value: 'JSON of the metadata',
  example: {
    source: { prefix: '/service/default/default/hello.svc' },
    registrations: {
      '/service/default/default/hello.svc/latest/10.0.0.5:8000,10.0.0.5:8001':
        '{"insecure":true,"protocol":"http"}',
    },
  },
  traps:
    'A key with several endpoints is several instances, as GoFrame’s clients take it, also where they are ports of one address. GoFrame knows no IPv6: such an endpoint can be read in two ways and is rejected.',
  compile: () => (entry) => ({ format: 'goframe', items: readService(entry) }),
  recognises: (entry) => {
    const parts = entry.key.split('/', 8);
    const hasParts = parts.length === 7 && parts[1] === 'service' && parts[6]?.includes(':') === true;
    return hasParts && Object.hasOwn(fieldsOf(entry), 'protocol');
  },
  write: writeService,
};

function readService(entry: Entry): readonly Item[] {
  const [version = '', endpoints = ''] = entry.key.split('/').slice(-2);
  if (endpoints === '') {
    return [ignored('a directory')];
  }
  const fields = entry.value.trim() === '' ? {} : entry.json();
  if (!isFields(fields)) {
    return [rejected('InvalidSyntax', 'the value is no JSON object')];
  }
  const metadata = flatMetadata({ version }, fields);
  const list = endpoints.split(',');
  return itemsOf(list, 'the key', (endpoint) => itemAt(readHostPort(String(endpoint)), { metadata }));
}

function writeService({ instance }: Announcement): Written | Unwritable {
  const { version = 'latest', ...metadata } = instance.metadata;
  const port = portOf(instance);
  if (port === undefined || isIPv6(instance.address)) {
    return { problem: 'GoFrame needs an IPv4 address with a port' };
  }
  if (version === '' || version.includes('/')) {
    return { problem: 'the metadata version is a part of the key: it may neither be empty nor hold a slash' };
  }
  return (
    lackOfPlace(instance, { ports: 'one', metadata: true }) ?? {
      below: `${version}/${hostPortText(instance.address, port)}`,
      value: JSON.stringify(metadata),
    }
  );
}
