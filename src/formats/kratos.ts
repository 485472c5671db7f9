import { ignored, itemAt, itemsOf } from './item.ts';
import { fieldsOf, readFields } from './json-value.ts';
import { flatMetadata } from './metadata.ts';
import { rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Instance, Item, Unwritable, Written } from './types.ts';
import { isScheme, readUrl } from './url.ts';
import { hostPortText, lackOfPlace } from './writing.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What Kratos writes: one registration with a URL for each protocol. */
export const kratos: Format = {
  name: 'kratos',
  summary:
    'Instances of Kratos. Each URL scheme of `endpoints` is a port of that name. Metadata is the `version` and the field `metadata`.',
  key: '/microservices/<service>/<id>',
  value: 'JSON with URLs as endpoints',
  example: {
    source: { prefix: '/microservices/helloworld' },
    registrations: {
      '/microservices/helloworld/6b0f8b52-uuid':
        '{"id":"6b0f8b52-uuid","name":"helloworld","version":"v1.0.0","metadata":{"zone":"a"},"endpoints":["http://10.0.0.5:8000?isSecure=false","grpc://10.0.0.5:9000?isSecure=false"]}',
    },
  },
  traps:
    'Kratos itself looks for keys that begin like the name and drops other services by the field `name`: so it is done here where a prefix with `separator: ""` holds several.',
  compile: () => (entry) => ({ format: 'kratos', items: readService(entry) }),
  recognises: (entry) => {
    const { id, name, endpoints } = fieldsOf(entry);
    const isService = typeof id === 'string' && typeof name === 'string' && Array.isArray(endpoints);
    return isService && endpoints.every((url) => typeof url === 'string' && url.includes('://'));
  },
  write: writeService,
};

function readService(entry: Entry): readonly Item[] {
  const value = readFields(entry);
  if (value.kind === 'rejected') {
    return [value];
  }
  const { fields } = value;
  if (isOfAnother(entry, fields)) {
    return [ignored('it is of another service, whose name begins alike')];
  }
  const metadata = flatMetadata({ version: fields['version'] }, fields['metadata']);
  return mergeAddresses(
    itemsOf(fields['endpoints'] ?? [], 'endpoints', (url) => readEndpoint(url, metadata)),
  );
}

/** Whether the prefix ends within the name of the service, as `/microservices/web` does within `/microservices/web-admin/<id>`. */
function isOfAnother({ key, below }: Entry, { id, name }: Fields): boolean {
  if (typeof id !== 'string' || typeof name !== 'string') {
    return false;
  }
  const end = `/${name}/${id}`;
  return below !== '' && key.endsWith(end) && below.length < end.length - 1 && below.length > `/${id}`.length;
}

function readEndpoint(url: unknown, metadata: Instance['metadata']): Item {
  const read = typeof url === 'string' ? readUrl(url) : rejected('InvalidSyntax', 'an endpoint is no text');
  return read.kind === 'rejected' ? read : itemAt(read.host, { portName: read.scheme, metadata });
}

/** One instance for each address. Of two ports with one scheme the first counts, as it does for Kratos. */
function mergeAddresses(items: readonly Item[]): readonly Item[] {
  const merged = new Map<string | number, Item>();
  for (const [place, item] of items.entries()) {
    if (item.kind === 'instance') {
      const { address, ports } = item.instance;
      merged.set(address, withPorts(merged.get(address) ?? item, ports));
    } else {
      merged.set(place, item);
    }
  }
  return [...merged.values()];
}

function withPorts(item: Item, ports: Instance['ports']): Item {
  return item.kind === 'instance'
    ? { kind: 'instance', instance: { ...item.instance, ports: { ...ports, ...item.instance.ports } } }
    : item;
}

function writeService({ service, id, instance }: Announcement): Written | Unwritable {
  const { address, ports } = instance;
  if (Object.keys(ports).length === 0 || !Object.keys(ports).every(isScheme)) {
    return { problem: 'every port needs a name that is the scheme of its URL, such as grpc' };
  }
  const { version = '', ...metadata } = instance.metadata;
  const endpoints = Object.entries(ports).map(
    ([scheme, port]) => `${scheme}://${hostPortText(address, port)}`,
  );
  return (
    lackOfPlace(instance, { ports: 'several', metadata: true }) ?? {
      below: id,
      value: JSON.stringify({ id, name: service, version, metadata, endpoints }),
    }
  );
}
