import { agreeOnAddress, agreeOnPort, type Claim, saying } from './claims.ts';
import { commonAddresses, commonMetadata, commonPorts } from './common-names.ts';
import { type HostPort, readHost, readHostPort } from './host-port.ts';
import type { Field, Fields } from './json-fields.ts';
import { flatMetadata, scalarText } from './metadata.ts';
import { isFields } from './path.ts';
import { parsePort } from './port.ts';
import { type Rejection, rejected } from './rejection.ts';
import type { Instance, Item } from './types.ts';

/** Reads one instance of a JSON value. `keyAddress` stands in where the value has no field that commonly is an address. */
export function readInstance(
  value: unknown,
  fields: Fields,
  keyAddress: HostPort | Rejection | undefined,
): Item {
  if (fields.address === undefined && typeof value !== 'string' && !isFields(value)) {
    return rejected('InvalidSyntax', 'the instance is neither an object nor a text');
  }
  const unnamed = claimPorts(value, fields);
  const named = claimNamedPorts(value, fields);
  const read = unnamed.length + named.length > 0 ? readHost : readHostPort;
  const hosts = claimAddresses(value, fields, read, keyAddress);
  const host = agreeOnAddress(hosts) ?? rejected('NoAddress', 'the registration names no address');
  if (host.kind === 'rejected') {
    return host;
  }
  const ports = readPorts([...unnamed, ...portsBeside(hosts)], named);
  if (ports.kind === 'rejected') {
    return ports;
  }
  const instance = {
    address: host.address,
    ports: ports.ports,
    ready: readReady(value, fields),
    metadata: readMetadata(value, fields),
  };
  return { kind: 'instance', instance };
}

type ReadHost = (text: string) => HostPort | Rejection;

function claimAddresses(
  value: unknown,
  fields: Fields,
  read: ReadHost,
  keyAddress: HostPort | Rejection | undefined,
): readonly Claim<HostPort | Rejection>[] {
  if (fields.address !== undefined) {
    return readAddresses([claimOf(fields.address, value)], read);
  }
  if (!isFields(value)) {
    return readAddresses([{ field: 'the text', value }], read);
  }
  const common = readAddresses(commonAddresses(value), read);
  return common.length > 0 || keyAddress === undefined ? common : [{ field: 'the key', value: keyAddress }];
}

function readAddresses(claims: readonly Claim[], read: ReadHost): readonly Claim<HostPort | Rejection>[] {
  return saying(claims).map(({ field, value }) => ({
    field,
    value: typeof value === 'string' ? read(value.trim()) : rejected('InvalidSyntax', `${field} is no text`),
  }));
}

/** The ports that stand beside an address, as in `host:port`. */
function portsBeside(hosts: readonly Claim<HostPort | Rejection>[]): readonly Claim[] {
  return saying(
    hosts.map(({ field, value }) => ({ field, value: value.kind === 'host-port' ? value.port : undefined })),
  );
}

function claimPorts(value: unknown, fields: Fields): readonly Claim[] {
  if (fields.port !== undefined) {
    return saying([claimOf(fields.port, value)]);
  }
  return fields.ports === undefined && isFields(value) ? commonPorts(value) : [];
}

/** Names of ports with what the value says of each; ports that it says nothing of are left out. */
function claimNamedPorts(value: unknown, fields: Fields): readonly (readonly [string, Claim])[] {
  return (fields.ports ?? [])
    .map(([name, field]) => [name, claimOf(field, value)] as const)
    .filter(([, claim]) => saying([claim]).length > 0);
}

interface Ports {
  readonly kind: 'ports';
  readonly ports: Instance['ports'];
}

function readPorts(
  unnamed: readonly Claim[],
  named: readonly (readonly [string, Claim])[],
): Ports | Rejection {
  const port = agreeOnPort(unnamed);
  if (typeof port === 'object') {
    return port;
  }
  const ports: [string, number][] = port === undefined ? [] : [['', port]];
  for (const [name, claim] of named) {
    const number = parsePort(claim.value);
    if (number === undefined) {
      return rejected('InvalidPort', `${claim.field} is no whole number from 1 to 65535`);
    }
    ports.push([name, number]);
  }
  return { kind: 'ports', ports: Object.fromEntries(ports) };
}

function readReady(value: unknown, { ready }: Fields): boolean {
  if (ready === undefined) {
    return true;
  }
  const state = scalarText(ready.field.get(value));
  return state !== undefined && ready.values.has(state);
}

function readMetadata(value: unknown, fields: Fields): Instance['metadata'] {
  const common = isFields(value) ? commonMetadata(value) : undefined;
  return flatMetadata(fields.metadata === undefined ? common : fields.metadata.get(value));
}

function claimOf(field: Field, value: unknown): Claim {
  return { field: field.name, value: field.get(value) };
}
