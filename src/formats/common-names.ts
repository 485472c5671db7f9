import { type Claim, saying } from './claims.ts';

/** Names that frameworks give to an address, to its port and to metadata: in lower case without `_` and `-`, which are not looked at. */
export const commonNames = {
  address: [
    ...['addr', 'address', 'host', 'hostip', 'ip', 'ipaddr', 'ipaddress'],
    ...['serviceaddr', 'serviceaddress', 'servicehost', 'serviceip'],
  ],
  port: ['port', 'serviceport'],
  metadata: ['metadata'],
} as const;

const addressNames: ReadonlySet<string> = new Set(commonNames.address);
const portNames: ReadonlySet<string> = new Set(commonNames.port);
const metadataNames: ReadonlySet<string> = new Set(commonNames.metadata);

/** A longer name is none of those, however it is spelled, and would not be fit for a message. */
const longestName = 32;

type Fields = Readonly<Record<string, unknown>>;

/** The fields that name an address. */
export function commonAddresses(fields: Fields): readonly Claim[] {
  return commonClaims(fields, addressNames);
}

/** The fields that name the port without a name. */
export function commonPorts(fields: Fields): readonly Claim[] {
  return commonClaims(fields, portNames);
}

/** The metadata, if there is a field of that name. */
export function commonMetadata(fields: Fields): unknown {
  return commonClaims(fields, metadataNames)[0]?.value;
}

function commonClaims(fields: Fields, names: ReadonlySet<string>): readonly Claim[] {
  const claims = Object.entries(fields)
    .filter(([field]) => field.length <= longestName && names.has(field.replace(/[_-]/g, '').toLowerCase()))
    .map(([field, value]) => ({ field, value }));
  return saying(claims);
}
