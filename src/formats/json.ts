import { commonNames } from './common-names.ts';
import { compileFields, type Field, type Fields } from './json-fields.ts';
import { readInstance } from './json-instance.ts';
import { type JsonOptions, jsonOptions } from './json-options.ts';
import { readKeyAddress } from './plain.ts';
import { rejected } from './rejection.ts';
import type { Entry, Format, Item } from './types.ts';

/** More instances in one value are refused: each costs memory, whatever it holds. */
const mostItems = 1000;

/** JSON, read by the paths of the block `json`; where a path is absent, by the names that frameworks commonly give to a field. */
export const json = {
  name: 'json',
  summary: [
    'The value is JSON. The paths in the block `json` say where address, ports, metadata and state are. Where one is absent, the common names',
    `are looked up: \`${commonNames.address.join('`, `')}\` for the address, \`${commonNames.port.join('`, `')}\` for the port and`,
    '`metadata`, whatever their case and with `_` or `-` inside. The last part of the key stands in where no such field is an address.',
  ].join(' '),
  options: jsonOptions,
  compile: (options: JsonOptions | undefined) => {
    const fields = compileFields(options ?? {});
    return (entry) => ({ format: 'json', items: readJson(entry, fields) });
  },
} satisfies Format<JsonOptions>;

function readJson(entry: Entry, fields: Fields): readonly Item[] {
  let value: unknown;
  try {
    value = JSON.parse(entry.value);
  } catch {
    // The cause is left out on purpose: its message quotes the value.
    return [rejected('InvalidSyntax', 'the value is no JSON')];
  }
  return fields.items === undefined
    ? [readInstance(value, fields, readKeyAddress(entry))]
    : readItems(fields.items, value, fields);
}

function readItems({ name, get }: Field, value: unknown, fields: Fields): readonly Item[] {
  const items = get(value);
  if (!Array.isArray(items)) {
    return [rejected('InvalidSyntax', `${name} is no list`)];
  }
  if (items.length === 0) {
    return [{ kind: 'ignored', message: `${name} is an empty list` }];
  }
  if (items.length > mostItems) {
    return [rejected('InvalidSyntax', `${name} lists more than ${mostItems} instances`)];
  }
  return items.map((item) => readInstance(item, fields, undefined));
}
