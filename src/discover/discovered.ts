import { textOf } from '../etcd/bytes.ts';
import { leaseText } from '../etcd/lease/lease-id.ts';
import type { Key, Registration, Revision } from '../etcd/types.ts';
import type { RegistrationReader } from '../formats/read.ts';
import type { Item } from '../formats/types.ts';

/** A registration as it is shown: what its format reads in it, without its value. */
export interface Discovered {
  readonly key: Key;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** Lease id in decimal, `'0'` without a lease. */
  readonly lease: string;
  /** The format that read it; undefined where none could. */
  readonly format: string | undefined;
  /** At least one. */
  readonly items: readonly Item[];
}

export function discoveredOf(registration: Registration, read: RegistrationReader): Discovered {
  const { key, createRevision, modRevision, lease } = registration;
  return { key, createRevision, modRevision, lease, ...read(registration) };
}

/** The whole key as text; each byte of one that is not UTF-8 and not printable is escaped. */
export function keyName(key: Key): string {
  return textOf(key) ?? key.replace(/[^\x20-\x7e]/g, (char) => `\\x${hexOf(char).padStart(2, '0')}`);
}

/** The lease id as etcdctl prints it; undefined without a lease. */
export function leaseName(lease: string): string | undefined {
  return lease === '0' ? undefined : leaseText(lease);
}

function hexOf(char: string): string {
  return char.charCodeAt(0).toString(16);
}
