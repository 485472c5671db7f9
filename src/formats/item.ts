import type { HostPort } from './host-port.ts';
import type { Rejection } from './rejection.ts';
import type { Instance, Item } from './types.ts';

/** What a registration may say of an instance beside its address. */
export interface Details {
  /** The name of its port, by default none. */
  readonly portName?: string;
  readonly ready?: boolean;
  readonly metadata?: Instance['metadata'];
}

/** The instance at an address with the port beside it; the rejection where the address could not be read. */
export function itemAt(host: HostPort | Rejection, details: Details = {}): Item {
  if (host.kind === 'rejected') {
    return host;
  }
  const { portName = '', ready = true, metadata = {} } = details;
  const ports: Record<string, number> = host.port === undefined ? {} : { [portName]: host.port };
  return { kind: 'instance', instance: { address: host.address, ports, ready, metadata } };
}

/** A key that is meant to be no instance. */
export function ignored(message: string): Item {
  return { kind: 'ignored', message };
}
