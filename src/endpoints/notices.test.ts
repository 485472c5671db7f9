import { describe, expect, it } from 'vitest';
import { type Noticed, noticesOf } from './notices.ts';
import type { DesiredEndpoint } from './types.ts';

const endpoint = (
  address: string,
  ports: Record<string, number>,
  more: Partial<DesiredEndpoint> = {},
): DesiredEndpoint => ({
  address,
  ports: Object.entries(ports).map(([name, port]) => ({ name, port, protocol: 'TCP' })),
  ready: true,
  ...more,
});
const noticed = (...endpoints: DesiredEndpoint[]): Noticed => ({
  endpoints,
  partial: 0,
  portSets: 1,
  labelSets: 1,
  unlabelled: 0,
  flawed: new Map(),
});
const plain = { headless: false, zoneHints: false };
const headless = { headless: true, zoneHints: false };
const hints = { headless: false, zoneHints: true };

describe('what a user should know of endpoints', () => {
  it('is nothing where all are alike', () => {
    const all = noticed(endpoint('10.0.0.1', { http: 80 }), endpoint('10.0.0.2', { http: 80 }));
    expect([plain, headless].flatMap((rules) => noticesOf(all, rules))).toEqual([]);
  });

  it('is PortsDiffer where instances of a headless Service have different numbers for a port', () => {
    const all = noticed(endpoint('10.0.0.1', { http: 80 }), endpoint('10.0.0.2', { http: 81 }));
    expect(noticesOf(all, plain)).toEqual([]);
    expect(noticesOf(all, headless)).toEqual([
      {
        reason: 'PortsDiffer',
        count: 2,
        message:
          'The Service is headless and its instances differ in their port http (80, 81): clients that look up addresses cannot know it',
      },
    ]);
  });

  it('is no PortsDiffer where an instance only lacks a port', () => {
    const all = noticed(endpoint('10.0.0.1', { a: 80, b: 81 }), endpoint('10.0.0.2', { a: 80 }));
    expect(noticesOf(all, headless)).toEqual([]);
  });

  it('names five of many different ports', () => {
    const all = noticed(...[6, 5, 4, 3, 2, 1].map((n) => endpoint(`10.0.0.${n}`, { '': n })));
    expect(noticesOf(all, headless)[0]?.message).toContain('in their port (1, 2, 3, 4, 5, …)');
  });

  it('is TooManyLabelSets where instances are published without their labels', () => {
    expect(noticesOf({ ...noticed(), labelSets: 100 }, plain)).toEqual([]);
    expect(noticesOf({ ...noticed(), labelSets: 101, unlabelled: 7 }, plain)).toEqual([
      {
        reason: 'TooManyLabelSets',
        count: 101,
        message: 'The instances have 101 different sets of labels; 7 instances are published without',
      },
    ]);
  });

  it('is TooManyPortSets from the 101st set on', () => {
    expect(noticesOf({ ...noticed(), portSets: 100 }, plain)).toEqual([]);
    expect(noticesOf({ ...noticed(), portSets: 101 }, plain)).toMatchObject([
      { reason: 'TooManyPortSets', count: 101 },
    ]);
  });

  it('is PortsMissing and InvalidZone, with how many it concerns', () => {
    const all = {
      ...noticed(),
      partial: 3,
      flawed: new Map([['InvalidZone', ['10.0.0.1', '10.0.0.2']]] as const),
    };
    expect(noticesOf(all, plain)).toMatchObject([
      { reason: 'PortsMissing', count: 3 },
      { reason: 'InvalidZone', count: 2, message: expect.stringContaining('such as 10.0.0.1;') },
    ]);
  });

  it('is NoZoneHints where hints are wanted and a ready instance has no zone', () => {
    const placed = endpoint('10.0.0.1', {}, { zone: 'a' });
    const resting = endpoint('10.0.0.2', {}, { ready: false });
    const lost = endpoint('10.0.0.3', {});
    expect(noticesOf(noticed(placed, resting), hints)).toEqual([]);
    expect(noticesOf(noticed(placed, lost), plain)).toEqual([]);
    expect(noticesOf(noticed(placed, lost), hints)).toMatchObject([
      { reason: 'NoZoneHints', count: 1, message: expect.stringContaining('10.0.0.3') },
    ]);
  });
});
