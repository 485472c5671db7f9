import { describe, expect, it } from 'vitest';
import { leaseHex, leaseText, newLeaseId } from './lease-id.ts';

describe('a lease id', () => {
  it('is a positive int64, and another each time', () => {
    const ids = Array.from({ length: 1_000 }, newLeaseId);

    expect(new Set(ids).size).toBe(1_000);
    expect(ids.every((id) => BigInt(id) > 0n && BigInt(id) < 2n ** 63n)).toBe(true);
  });

  it('is written in hexadecimal as etcd writes it: without leading zeros', () => {
    expect(leaseHex('7587894765432109876')).toBe('694d9e1636a07b34');
    expect(leaseHex('255')).toBe('ff');
  });

  it('is told to people as etcdctl prints it: in 16 hexadecimal digits', () => {
    expect(leaseText('7587894765432109876')).toBe('694d9e1636a07b34');
    expect(leaseText('255')).toBe('00000000000000ff');
  });
});
