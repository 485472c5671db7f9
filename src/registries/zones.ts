import type { EtcdRegistrySpec } from '../api/etcd-registry.ts';
import { cidrMatcher } from '../formats/cidr.ts';

/** The zone of an address; undefined where none is known. */
export type ZoneOf = (address: string) => string | undefined;

const knowsNone: ZoneOf = () => undefined;

/** Compiles the zones of a registry: of several ranges that hold an address the smallest counts. */
export function compileZones(zones: EtcdRegistrySpec['zones'] = []): ZoneOf {
  if (zones.length === 0) {
    return knowsNone;
  }
  const smallestFirst = zones
    .map(({ cidr, zone }) => ({ bits: Number(cidr.split('/').at(-1)), holds: cidrMatcher([cidr]), zone }))
    .sort((a, b) => b.bits - a.bits);
  return (address) => smallestFirst.find(({ holds }) => holds(address))?.zone;
}
