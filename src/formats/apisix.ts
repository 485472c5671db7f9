import { readHostAndPort } from './host-and-port.ts';
import { type HostPort, readHostPort } from './host-port.ts';
import { ignored, itemAt, itemsOf } from './item.ts';
import { fieldsOf, readFields } from './json-value.ts';
import { flatMetadata, scalarText } from './metadata.ts';
import { isFields } from './path.ts';
import { type Rejection, rejected } from './rejection.ts';
import type { Entry, Format, Item } from './types.ts';
import { cannotWrite } from './writing.ts';

/** What `apisix start` puts at the directories themselves. */
const directoryValue = 'init_dir';

/** Upstreams of Apache APISIX. */
export const apisix: Format = {
  name: 'apisix',
  summary:
    'Upstreams of Apache APISIX: the nodes of one record, as a map of `host:port` to weight or as a list of `{"host", "port", "weight"}`. A node of weight 0 gets no traffic there, and is not ready here. Labels of the upstream and what a node says of itself become metadata.',
  key: '/apisix/upstreams/<id>',
  value: 'JSON `{"nodes": …}`',
  example: {
    source: { key: '/apisix/upstreams/1' },
    registrations: {
      '/apisix/upstreams/1':
        '{"nodes":{"10.0.0.5:80":1,"10.0.0.6:80":2},"type":"roundrobin","scheme":"http","pass_host":"pass","id":"1"}',
    },
  },
  traps:
    'The record is at the key itself: follow it by `key`, since a prefix joins all upstreams below it; nodes may be DNS names, rejected one by one; no lease ends a record.',
  compile: () => (entry) => ({ format: 'apisix', items: readUpstream(entry) }),
  recognises,
  write: cannotWrite('one record holds all nodes of an upstream, which the Admin API of APISIX writes'),
};

function readUpstream(entry: Entry): readonly Item[] {
  if (entry.value === directoryValue) {
    return [ignored('a directory')];
  }
  const value = readFields(entry);
  if (value.kind === 'rejected') {
    return [value];
  }
  const { nodes, labels } = value.fields;
  if (nodes === undefined || nodes === null) {
    return [rejected('NoAddress', 'the upstream has no nodes of its own')];
  }
  return isFields(nodes)
    ? itemsOf(Object.keys(nodes), 'nodes', (text) =>
        readNode(readHostPort(String(text)), nodes[String(text)], labels),
      )
    : itemsOf(nodes, 'nodes', (node) => readListed(node, labels));
}

function readListed(node: unknown, labels: unknown): Item {
  if (!isFields(node)) {
    return rejected('InvalidSyntax', 'a node is no object');
  }
  const { host, port, weight, priority, metadata } = node;
  return readNode(readHostAndPort(host, port), weight, { priority }, metadata, labels);
}

function readNode(host: HostPort | Rejection, weight: unknown, ...details: readonly unknown[]): Item {
  const ready = scalarText(weight) !== '0';
  return itemAt(host, { ready, metadata: flatMetadata({ weight }, ...details) });
}

/** Each node has a weight. go-micro's nodes have none, nor a field `host`. */
function recognises(entry: Entry): boolean {
  const { nodes } = fieldsOf(entry);
  if (isFields(nodes)) {
    const weights = Object.values(nodes);
    return weights.length > 0 && weights.every((weight) => typeof weight === 'number');
  }
  const isList = Array.isArray(nodes) && nodes.length > 0;
  return (
    isList && nodes.every((node) => isFields(node) && 'host' in node && typeof node['weight'] === 'number')
  );
}
