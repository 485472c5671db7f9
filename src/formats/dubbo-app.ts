import { readHostAndPort } from './host-and-port.ts';
import type { HostPort } from './host-port.ts';
import { ignored } from './item.ts';
import { beginsLikeJson, fieldsOf, parseJson } from './json-value.ts';
import { flatMetadata, scalarText } from './metadata.ts';
import { isFields } from './path.ts';
import { readKeyAddress } from './plain.ts';
import { parsePort } from './port.ts';
import { type Rejection, rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Instance, Item, Unwritable, Written } from './types.ts';
import { hostPortText, lackOfPlace } from './writing.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The metadata that holds all ports of an instance by their protocols, as JSON in a text. */
const allPorts = 'dubbo.endpoints';

/** What Dubbo writes for an application as a whole: in the Java spelling (Gson) or in the Go spelling (exported names). */
export const dubboApp: Format = {
  name: 'dubbo-app',
  summary:
    'Instances of a Dubbo application, Java and Go. The ports of `dubbo.endpoints` bear the names of their protocols. Not enabled or not healthy is not ready. Metadata is `group`, `tag` and a `weight` above 0, then the field `metadata`.',
  key: '/services/<application>/<host>:<port>',
  value: 'JSON in the spelling of Java or of Go',
  example: {
    source: { prefix: '/services/user-app' },
    registrations: {
      '/services/user-app/10.0.0.5:20880':
        '{"ID":"10.0.0.5:20880","ServiceName":"user-app","Host":"10.0.0.5","Port":20880,"Weight":0,"Enable":true,"Healthy":true,"Metadata":{"dubbo.metadata.revision":"7a9c"},"ServiceMetadata":null,"Address":"","GroupName":"","Tag":""}',
      '/services/user-app/10.0.0.6:20880':
        '{"serviceName":"user-app","host":"10.0.0.6","port":20880,"enabled":true,"healthy":true,"metadata":{"dubbo.endpoints":"[{\\"port\\":20880,\\"protocol\\":\\"dubbo\\"}]"}}',
    },
  },
  traps:
    'Where the value is no JSON object, the address in the key counts. With several protocols `targetPort` has to name one.',
  compile: () => (entry) => ({ format: 'dubbo-app', items: [readEntry(entry)] }),
  recognises: (entry) => {
    const fields = fieldsOf(entry);
    return ['serviceName', 'host', 'port', 'healthy'].every((name) => spelled(fields, name) !== undefined);
  },
  write: writeApp,
};

function readEntry(entry: Entry): Item {
  const value = entry.json();
  if (isFields(value)) {
    return readApp(entry, value);
  }
  if (beginsLikeJson(entry.value)) {
    return rejected('InvalidSyntax', 'the value is no JSON object');
  }
  return entry.lastPart === '' ? ignored('a directory') : readApp(entry, {});
}

function readApp(entry: Entry, fields: Fields): Item {
  const host = hostOf(entry, fields);
  if (host.kind === 'rejected') {
    return host;
  }
  const instance = {
    address: host.address,
    ports: portsOf(host.port, spelled(fields, 'metadata')),
    ready: isOn(fields, 'enable') && isOn(fields, 'enabled') && isOn(fields, 'healthy'),
    metadata: metadataOf(fields),
  };
  return { kind: 'instance', instance };
}

/** The address in the key stands in where the value has none. */
function hostOf(entry: Entry, fields: Fields): HostPort | Rejection {
  const host = spelled(fields, 'host');
  const port = spelled(fields, 'port');
  if (host !== undefined && host !== '') {
    return readHostAndPort(host, port);
  }
  const inKey =
    readKeyAddress(entry) ?? rejected('NoAddress', 'neither the value nor the key has an address');
  return inKey.kind === 'rejected' ? inKey : readHostAndPort(entry.lastPart, port);
}

/** The port of the instance has the name of its protocol, where it is among the ports with names. */
function portsOf(port: number | undefined, metadata: unknown): Instance['ports'] {
  const text = isFields(metadata) ? metadata[allPorts] : undefined;
  const list = typeof text === 'string' ? parseJson(text) : undefined;
  const named = Object.fromEntries(Array.isArray(list) ? list.flatMap(namedPort) : []);
  return port === undefined || Object.values(named).includes(port) ? named : { '': port, ...named };
}

function namedPort(element: unknown): readonly (readonly [string, number])[] {
  const { protocol, port } = isFields(element) ? element : {};
  const number = parsePort(port);
  return typeof protocol === 'string' && number !== undefined ? [[protocol, number]] : [];
}

function metadataOf(fields: Fields): Instance['metadata'] {
  const weight = Number(scalarText(spelled(fields, 'weight')));
  const own = {
    group: spelled(fields, 'groupName') || undefined,
    tag: spelled(fields, 'tag') || undefined,
    weight: weight > 0 ? weight : undefined,
  };
  const metadata = spelled(fields, 'metadata');
  return flatMetadata(own, isFields(metadata) ? { ...metadata, [allPorts]: undefined } : undefined);
}

function isOn(fields: Fields, name: string): boolean {
  return scalarText(spelled(fields, name)) !== 'false';
}

/** The field of a name in the Java spelling, or in that of Go, which begins with a capital. */
function spelled(fields: Fields, name: string): unknown {
  return fields[name] ?? fields[name.charAt(0).toUpperCase() + name.slice(1)];
}

function writeApp({ service, instance }: Announcement): Written | Unwritable {
  const { address, ports, ready, metadata } = instance;
  const { '': unnamed, ...named } = ports;
  const [port = unnamed] = unnamed === undefined ? Object.values(named) : [unnamed];
  if (port === undefined) {
    return { problem: 'it needs a port' };
  }
  if (
    Object.hasOwn(metadata, allPorts) ||
    (unnamed !== undefined && Object.values(named).includes(unnamed))
  ) {
    return {
      problem: `it has no place for the metadata ${allPorts}, nor for one port with a name and without`,
    };
  }
  const endpoints = Object.entries(named).map(([protocol, number]) => ({ port: number, protocol }));
  const all = endpoints.length === 0 ? {} : { [allPorts]: JSON.stringify(endpoints) };
  const value = {
    serviceName: service,
    host: address,
    port,
    enabled: ready,
    healthy: true,
    metadata: { ...metadata, ...all },
  };
  return (
    lackOfPlace(instance, { ports: 'several', metadata: true, notReady: true }) ?? {
      below: hostPortText(address, port),
      value: JSON.stringify(value),
    }
  );
}
