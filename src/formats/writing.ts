import { isIPv6 } from 'node:net';
import type { Instance, Unwritable, Writer } from './types.ts';

/** What a format has a place for beside an address. */
export interface Places {
  readonly ports: 'one' | 'several';
  /** Names of the metadata that it has a place for; true for any. */
  readonly metadata: boolean | readonly string[];
  /** Whether it can say that an instance is not ready. */
  readonly notReady?: boolean;
}

/** What of an instance a format has no place for; undefined where all of it can be written. */
export function lackOfPlace(instance: Instance, places: Places): Unwritable | undefined {
  if (places.ports === 'one' && Object.keys(instance.ports).length > 1) {
    return { problem: 'it has no place for a second port' };
  }
  const names = Object.keys(instance.metadata).filter((name) => !hasPlaceFor(name, places.metadata));
  if (names.length > 0) {
    return {
      problem: `it has no place for the metadata ${names.map((name) => JSON.stringify(name)).join(', ')}`,
    };
  }
  return instance.ready || places.notReady === true
    ? undefined
    : { problem: 'it cannot say that an instance is not ready' };
}

function hasPlaceFor(name: string, metadata: Places['metadata']): boolean {
  return typeof metadata === 'boolean' ? metadata : metadata.includes(name);
}

/** The port of an instance that has at most one, whatever its name. */
export function portOf({ ports }: Instance): number | undefined {
  return Object.values(ports)[0];
}

/** `10.0.0.5:8080`, or without a port the address alone. IPv6 has brackets in both: `fd00::5:8080` can be read in two ways. */
export function hostPortText(address: string, port: number | undefined): string {
  const host = isIPv6(address) ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${port}`;
}

/** The writer of a format that a registrar cannot write, with the reason. */
export function cannotWrite(problem: string): Writer {
  return () => ({ problem });
}
