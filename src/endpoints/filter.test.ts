import { describe, expect, it } from 'vitest';
import type { Instance } from '../formats/types.ts';
import { compileFilter, type Filter } from './filter.ts';

const instance: Instance = {
  address: '10.1.2.3',
  ports: {},
  ready: true,
  metadata: { env: 'prod', weight: '10' },
};

const reasonFor = (filter: Filter | undefined, other: Partial<Instance> = {}) =>
  compileFilter(filter)({ ...instance, ...other });

describe('compileFilter', () => {
  it('keeps everything without a filter, and with an empty one', () => {
    expect(reasonFor(undefined)).toBeUndefined();
    expect(
      reasonFor({ matchMetadata: {}, matchExpressions: [], cidrs: [], excludeCIDRs: [] }),
    ).toBeUndefined();
  });

  it('needs all of matchMetadata', () => {
    expect(reasonFor({ matchMetadata: { env: 'prod', weight: '10' } })).toBeUndefined();
    expect(reasonFor({ matchMetadata: { env: 'prod', weight: '1' } })).toBe('matchMetadata');
    expect(reasonFor({ matchMetadata: { zone: 'a' } })).toBe('matchMetadata');
  });

  it.each([
    ['env', 'In', ['stage', 'prod'], true],
    ['env', 'In', ['stage'], false],
    ['zone', 'In', ['a'], false],
    ['env', 'NotIn', ['prod'], false],
    ['env', 'NotIn', ['stage'], true],
    ['zone', 'NotIn', ['a'], true],
    ['env', 'Exists', undefined, true],
    ['zone', 'Exists', undefined, false],
    ['env', 'DoesNotExist', undefined, false],
    ['zone', 'DoesNotExist', undefined, true],
    ['constructor', 'Exists', undefined, false],
  ] as const)('reads %s %s %j as a label selector does', (key, operator, values, kept) => {
    const reason = reasonFor({ matchExpressions: [{ key, operator, values }] });
    expect(reason).toBe(kept ? undefined : 'matchExpressions');
  });

  it('needs an address to lie in one of cidrs and in none of excludeCIDRs', () => {
    const cidrs = ['10.0.0.0/8', 'fd00::/8'];
    expect(reasonFor({ cidrs })).toBeUndefined();
    expect(reasonFor({ cidrs }, { address: 'fd00::5' })).toBeUndefined();
    expect(reasonFor({ cidrs }, { address: '192.0.2.1' })).toBe('cidrs');
    expect(reasonFor({ cidrs }, { address: '2001:db8::1' })).toBe('cidrs');
    expect(reasonFor({ cidrs, excludeCIDRs: ['10.1.0.0/16'] })).toBe('excludeCIDRs');
    expect(reasonFor({ cidrs, excludeCIDRs: ['10.2.0.0/16'] })).toBeUndefined();
  });

  it('never takes ::/0 for a range of IPv4 addresses', () => {
    expect(reasonFor({ cidrs: ['::/0'] })).toBe('cidrs');
    expect(reasonFor({ excludeCIDRs: ['::/0'] })).toBeUndefined();
  });
});
