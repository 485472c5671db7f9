import { readHostAndPort } from './host-and-port.ts';
import { ignored, itemAt } from './item.ts';
import { fieldsOf, readFields } from './json-value.ts';
import { flatMetadata } from './metadata.ts';
import { rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Item, Unwritable, Written } from './types.ts';
import { lackOfPlace, portOf } from './writing.ts';

/** Fields of a record (coredns, plugin/etcd/msg/service.go), and `owner`, which external-dns adds. */
const ownFields = new Set(['priority', 'text', 'mail', 'ttl', 'targetstrip', 'owner']);
const commonFields = new Set(['host', 'port', 'weight', 'group']);

const metadataFields = ['group', 'owner', 'priority', 'weight'] as const;

/** Records of CoreDNS's etcd plugin, SkyDNS and external-dns. */
export const skydns: Format = {
  name: 'skydns',
  summary:
    'Records of CoreDNS, SkyDNS and external-dns: JSON with `host`, which has to be an address, and `port`. Records that hold a text alone, and those of reverse zones, are ignored. `group`, `owner`, `priority` and `weight` become metadata.',
  key: '/skydns/<domain from the right>/<record>',
  value: 'JSON `{"host", "port", …}`',
  example: {
    source: { prefix: '/skydns/local/cluster/svc/web' },
    registrations: {
      '/skydns/local/cluster/svc/web/i1':
        '{"host":"10.0.0.5","port":8080,"priority":10,"weight":100,"ttl":60}',
    },
  },
  traps:
    'A host may be a DNS name (rejected as `HostName`); the record of a name itself is no key below it: follow it by `key`; records without a `port` need `defaultTargetPort`.',
  compile: () => (entry) => ({ format: 'skydns', items: [readRecord(entry)] }),
  recognises,
  write,
};

function readRecord(entry: Entry): Item {
  if (/\/arpa\/(in-addr|ip6)\//.test(entry.key)) {
    return ignored('a record of a reverse zone');
  }
  const value = readFields(entry);
  if (value.kind === 'rejected') {
    return value;
  }
  const { host, port, text, group, owner, priority, weight } = value.fields;
  if (host === undefined || host === '') {
    return text === undefined
      ? rejected('NoAddress', 'the record has no host')
      : ignored('a record of a text alone');
  }
  // A port that is not set is left out or 0 in Go.
  const read = readHostAndPort(host, port === 0 ? undefined : port);
  return itemAt(read, { metadata: flatMetadata({ group, owner, priority, weight }) });
}

function recognises(entry: Entry): boolean {
  const names = Object.keys(fieldsOf(entry));
  const isRecord = names.every((name) => ownFields.has(name) || commonFields.has(name));
  const isOwn = entry.key.startsWith('/skydns/') || names.some((name) => ownFields.has(name));
  return names.length > 0 && isRecord && isOwn;
}

function write({ id, instance }: Announcement): Written | Unwritable {
  const { address, metadata } = instance;
  const { priority, weight, ...texts } = metadata;
  if (![priority, weight].every((text) => text === undefined || /^(0|[1-9][0-9]{0,8})$/.test(text))) {
    return { problem: 'its priority and its weight are whole numbers' };
  }
  const value = {
    host: address,
    port: portOf(instance),
    priority: numberOf(priority),
    weight: numberOf(weight),
    ...texts,
  };
  return (
    lackOfPlace(instance, { ports: 'one', metadata: metadataFields }) ?? {
      below: id,
      value: JSON.stringify(value),
    }
  );
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
