import type { HostPort } from './host-port.ts';
import { type Rejection, rejected } from './rejection.ts';
import type { Instance, Item } from './types.ts';

/** More instances in one registration are refused: each costs memory, whatever it holds. */
export const mostItems = 1000;

const noMetadata: Instance['metadata'] = {};
const noPorts: Instance['ports'] = {};

/** What instances with one port without a name have, by its number: one object for all that have the same. There cannot be more than there are ports. */
const unnamedPort = new Map<number, Instance['ports']>();

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
  const { portName = '', ready = true, metadata = noMetadata } = details;
  const ports = host.port === undefined ? noPorts : portsOf(portName, host.port);
  return { kind: 'instance', instance: { address: host.address, ports, ready, metadata } };
}

function portsOf(name: string, port: number): Instance['ports'] {
  if (name !== '') {
    return { [name]: port };
  }
  const known = unnamedPort.get(port);
  if (known !== undefined) {
    return known;
  }
  const ports = { '': port };
  unnamedPort.set(port, ports);
  return ports;
}

/** A key that is meant to be no instance. */
export function ignored(message: string): Item {
  return { kind: 'ignored', message };
}

/** Reads each element of a list by itself; `field` names the list in messages. */
export function itemsOf(list: unknown, field: string, read: (element: unknown) => Item): readonly Item[] {
  if (!Array.isArray(list)) {
    return [rejected('InvalidSyntax', `${field} is no list`)];
  }
  if (list.length === 0) {
    return [ignored(`${field} is an empty list`)];
  }
  return list.length > mostItems
    ? [rejected('InvalidSyntax', `${field} lists more than ${mostItems} instances`)]
    : list.map(read);
}
