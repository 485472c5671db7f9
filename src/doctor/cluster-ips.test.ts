import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../kube/types.ts';
import { clusterIpFindings, rangeFinding } from './cluster-ips.ts';

describe('a range of Services', () => {
  it.each([
    ['10.96.0.0/24', 0, 'ok', '254 of 254 addresses of 10.96.0.0/24 are free'],
    ['10.96.0.0/24', 240, 'warning', '14 of 254 addresses of 10.96.0.0/24 are free'],
    ['10.96.0.0/24', 254, 'problem', '0 of 254 addresses of 10.96.0.0/24 are free'],
    ['fd00::/120', 1, 'ok', '254 of 255 addresses of fd00::/120 are free'],
  ])('%s of which %d are taken is: %s', (range, used, outcome, message) => {
    expect(rangeFinding(range, used)).toMatchObject({ outcome, message });
  });
});

describe('the addresses of Services', () => {
  it('are taken in every range that holds them, and in no other', async () => {
    const taken = [['10.96.0.1'], ['10.96.0.2', 'fd00::1'], ['10.96.1.1'], ['192.0.2.1'], ['None'], ['']];
    const items = [...taken.map((clusterIPs) => ({ spec: { clusterIPs } })), { spec: {} }, {}];
    const client = {
      async *pages() {
        yield { items };
      },
      list: async () => [],
    } as unknown as KubeClient;

    const findings = await clusterIpFindings(client, ['10.96.0.0/16', '10.96.0.0/24', 'fd00::/120'], false);

    expect(findings.map(({ message }) => message)).toEqual([
      '65531 of 65534 addresses of 10.96.0.0/16 are free',
      '252 of 254 addresses of 10.96.0.0/24 are free',
      '254 of 255 addresses of fd00::/120 are free',
    ]);
  });
});
