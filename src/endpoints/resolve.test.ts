import { describe, expect, it } from 'vitest';
import { plainRules } from '../../test/kit/publishing-rules.ts';
import type { Instance } from '../formats/types.ts';
import { type PublishingRules, resolveItem } from './resolve.ts';
import type { DesiredEndpoint, Outcome } from './types.ts';

const publishing: PublishingRules = {
  ...plainRules(),
  admits: ({ metadata }) => metadata['env'] !== 'test',
  zoneOf: ({ metadata }) => {
    const zone = metadata['zone'];
    return zone === undefined ? { kind: 'none' } : { kind: 'zone', zone };
  },
};
const resolve = (instance: Partial<Instance>, more: Partial<PublishingRules> = {}): Outcome =>
  resolveItem(
    {
      kind: 'instance',
      instance: { address: '10.0.0.1', ports: { '': 8080 }, ready: true, metadata: {}, ...instance },
    },
    { ...publishing, ...more },
  );
const endpoint = (instance: Partial<Instance>, more: Partial<PublishingRules> = {}): DesiredEndpoint => {
  const outcome = resolve(instance, more);
  if (outcome.kind !== 'endpoint') {
    throw new Error(`${outcome.kind}, not an endpoint`);
  }
  return outcome.endpoint;
};

describe('an instance', () => {
  it('of a family that the Service lacks is rejected, and the message names the address and the families', () => {
    expect(resolve({ address: 'fd00::5' })).toEqual({
      kind: 'rejected',
      reason: 'FamilyNotServed',
      message: 'fd00::5 is an IPv6 address, but the Service has IPv4 alone',
    });
    expect(resolve({ address: 'fd00::5' }, { families: ['IPv4', 'IPv6'] })).toMatchObject({
      kind: 'endpoint',
    });
  });

  it('that is filtered out is not reported for its family', () => {
    expect(resolve({ address: 'fd00::5', metadata: { env: 'test' } })).toEqual({ kind: 'filtered' });
  });

  it('is in the zone that its metadata names', () => {
    expect(endpoint({ metadata: { zone: 'a' } })).toMatchObject({ zone: 'a' });
    expect(endpoint({})).not.toHaveProperty('zone');
  });

  it('is published without the zone that no Node can have, and that is told', () => {
    const outcome = resolve({}, { zoneOf: () => ({ kind: 'invalid' }) });
    expect(outcome).toMatchObject({ kind: 'endpoint', flaws: ['InvalidZone'] });
    expect(endpoint({}, { zoneOf: () => ({ kind: 'invalid' }) })).not.toHaveProperty('zone');
  });

  it('of a headless Service has the hostname of its metadata, where that is a DNS label', () => {
    const named = (hostname: string): unknown =>
      endpoint({ metadata: { hostname } }, { headless: true }).hostname;
    expect(['web-1', '1', 'a'.repeat(63)].map(named)).toEqual(['web-1', '1', 'a'.repeat(63)]);
    for (const none of ['', 'Web', 'web.example', '-web', 'web-', 'a'.repeat(64)]) {
      expect(named(none)).toBeUndefined();
    }
  });

  it('of a Service with a cluster IP has no hostname, for which there is no DNS record', () => {
    expect(endpoint({ metadata: { hostname: 'web-1' } })).not.toHaveProperty('hostname');
  });
});
