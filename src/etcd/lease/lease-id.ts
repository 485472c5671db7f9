import { randomBytes } from 'node:crypto';

/** An id for a new lease, in decimal: random, of 63 bits and not zero, as etcd's own are. */
export function newLeaseId(): string {
  const id = randomBytes(8).readBigUInt64BE() >> 1n;
  return (id === 0n ? 1n : id).toString();
}

/** The id as keys of elections carry it: hexadecimal, without leading zeros. */
export function leaseHex(id: string): string {
  return BigInt(id).toString(16);
}

/** The id for people, in logs and messages: 16 hexadecimal digits, as etcdctl prints it and takes it. */
export function leaseText(id: string): string {
  return leaseHex(id).padStart(16, '0');
}
