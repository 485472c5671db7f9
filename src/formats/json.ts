import { commonNames } from './common-names.ts';
import { itemsOf } from './item.ts';
import { compileFields, type Fields } from './json-fields.ts';
import { readInstance } from './json-instance.ts';
import { type JsonOptions, jsonOptions } from './json-options.ts';
import { readKeyAddress } from './plain.ts';
import { rejected } from './rejection.ts';
import type { Announcement, Entry, Format, Item, Unwritable, Written } from './types.ts';
import { hostPortText, lackOfPlace } from './writing.ts';

/** JSON, read by the paths of the block `json`; where a path is absent, by the names that frameworks commonly give to a field. */
export const json = {
  name: 'json',
  summary: [
    'The value is JSON. The paths in the block `json` say where address, ports, metadata and state are. Where one is absent, the common names',
    `are looked up: \`${commonNames.address.join('`, `')}\` for the address, \`${commonNames.port.join('`, `')}\` for the port and`,
    '`metadata`, whatever their case and with `_` or `-` inside. The last part of the key stands in where no such field is an address.',
  ].join(' '),
  key: '<prefix>/<anything>',
  value: 'JSON of any shape',
  example: {
    source: { prefix: '/bank/service/pay' },
    registrations: {
      '/bank/service/pay/10.0.0.5': '{"serviceName":"pay","serviceIP":"10.0.0.5","port":8080}',
    },
  },
  traps:
    'Two fields with different addresses or ports are a rejection, unless paths say which counts; a list of instances needs `json.items`, ports by name need `json.ports`.',
  options: jsonOptions,
  compile: (options: JsonOptions | undefined) => {
    const fields = compileFields(options ?? {});
    return (entry) => ({ format: 'json', items: readJson(entry, fields) });
  },
  write: writeJson,
} satisfies Format<JsonOptions>;

function readJson(entry: Entry, fields: Fields): readonly Item[] {
  const value = entry.json();
  if (value === undefined) {
    return [rejected('InvalidSyntax', 'the value is no JSON object, list or text')];
  }
  return fields.items === undefined
    ? [readInstance(value, fields, readKeyAddress(entry))]
    : itemsOf(fields.items.get(value), fields.items.name, (item) => readInstance(item, fields, undefined));
}

/** Writes the common names; named ports are written below `ports`, where the paths of an EtcdService find them. */
function writeJson({ id, instance }: Announcement): Written | Unwritable {
  const { address, ports, metadata } = instance;
  const { '': unnamed, ...named } = ports;
  const value = {
    address: Object.keys(ports).length > 0 ? address : hostPortText(address, undefined),
    ...(unnamed !== undefined && { port: unnamed }),
    ...(Object.keys(named).length > 0 && { ports: named }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
  const problem = lackOfPlace(instance, { ports: 'several', metadata: true });
  return problem ?? { below: id, value: JSON.stringify(value) };
}
