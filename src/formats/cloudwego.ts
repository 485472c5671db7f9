import { readHostPort } from './host-port.ts';
import { itemAt } from './item.ts';
import { fieldsOf, readFields } from './json-value.ts';
import { flatMetadata, scalarText } from './metadata.ts';
import { rejected } from './rejection.ts';
import type { Announcement, Entry, Item, Unwritable, Written } from './types.ts';
import { hostPortText, lackOfPlace, portOf } from './writing.ts';

/** What Kitex and Hertz, both of CloudWeGo, have in common: the value of their registrations. */

/** The weight that both take for one that is not above 0. */
const usualWeight = 10;

export function readInstanceInfo(entry: Entry): Item {
  const value = readFields(entry);
  if (value.kind === 'rejected') {
    return value;
  }
  const { address, weight, tags } = value.fields;
  if (typeof address !== 'string') {
    return rejected('InvalidSyntax', 'address is no text');
  }
  if (address === '') {
    return rejected('NoAddress', 'address is empty');
  }
  return itemAt(readHostPort(address), { metadata: flatMetadata({ weight: weightOf(weight) }, tags) });
}

export function isInstanceInfo(entry: Entry): boolean {
  const fields = fieldsOf(entry);
  const { network, address, weight } = fields;
  const isInfo = typeof network === 'string' && typeof address === 'string' && typeof weight === 'number';
  return isInfo && Object.hasOwn(fields, 'tags');
}

/** The address may be IPv6 with its port in brackets, which clients of both dial as it is. */
export function writeInstanceInfo({ instance }: Announcement): Written | Unwritable {
  const { weight, ...tags } = instance.metadata;
  if (weight !== undefined && !/^[1-9][0-9]{0,8}$/.test(weight)) {
    return { problem: 'the metadata weight must be a whole number above 0' };
  }
  const address = hostPortText(instance.address, portOf(instance));
  const value = { network: 'tcp', address, weight: Number(weight ?? usualWeight), tags };
  return (
    lackOfPlace(instance, { ports: 'one', metadata: true }) ?? {
      below: address,
      value: JSON.stringify(value),
    }
  );
}

function weightOf(weight: unknown): number {
  const number = Number(scalarText(weight));
  return number > 0 ? number : usualWeight;
}
