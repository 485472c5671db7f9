import { readHostAndPort } from './host-and-port.ts';
import { itemAt, itemsOf } from './item.ts';
import { fieldsOf, readFields } from './json-value.ts';
import { flatMetadata } from './metadata.ts';
import { isFields } from './path.ts';
import { rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Item, Unwritable, Written } from './types.ts';
import { hostPortText, lackOfPlace, portOf } from './writing.ts';

/** What go-micro's registry for etcd writes: the service with one of its nodes. */
export const goMicro: Format = {
  name: 'go-micro',
  summary:
    'Nodes of go-micro. Metadata is the `version` of the service, the metadata of the node and that of the service.',
  key: '/micro/registry/<service>/<node>',
  value: 'JSON of the service with one node',
  example: {
    source: { prefix: '/micro/registry/greeter' },
    registrations: {
      '/micro/registry/greeter/greeter-6f1c3a52':
        '{"name":"greeter","version":"latest","metadata":null,"endpoints":[],"nodes":[{"metadata":{"protocol":"grpc","registry":"etcd","server":"grpc","transport":"grpc"},"id":"greeter-6f1c3a52","address":"10.0.0.5:8080"}]}',
    },
  },
  traps:
    'All versions share the prefix of their service: `filter` chooses by the metadata `version`. A `/` in a name is a `-` in the key. `endpoints` are methods, not addresses.',
  compile: () => (entry) => ({ format: 'go-micro', items: readService(entry) }),
  recognises: (entry) => {
    const { name, version, nodes, endpoints } = fieldsOf(entry);
    const isService = typeof name === 'string' && typeof version === 'string' && endpoints !== undefined;
    return isService && Array.isArray(nodes);
  },
  write: writeService,
};

function readService(entry: Entry): readonly Item[] {
  const value = readFields(entry);
  if (value.kind === 'rejected') {
    return [value];
  }
  const { nodes, version, metadata } = value.fields;
  return itemsOf(nodes ?? [], 'nodes', (node) => readNode(node, { version }, metadata));
}

/** Old versions of go-micro write the port of a node into a field of its own. */
function readNode(node: unknown, version: unknown, ofService: unknown): Item {
  if (!isFields(node) || typeof node['address'] !== 'string') {
    return rejected('InvalidSyntax', 'a node is no object whose address is a text');
  }
  const { address, port, metadata } = node;
  return itemAt(readHostAndPort(address, port), { metadata: flatMetadata(version, metadata, ofService) });
}

function writeService({ service, id, instance }: Announcement): Written | Unwritable {
  const { address, metadata } = instance;
  const { version = 'latest', ...ofNode } = metadata;
  const node = { id, address: hostPortText(address, portOf(instance)), metadata: ofNode };
  return (
    lackOfPlace(instance, { ports: 'one', metadata: true }) ?? {
      below: id.replaceAll('/', '-'),
      value: JSON.stringify({ name: service, version, metadata: null, endpoints: [], nodes: [node] }),
    }
  );
}
