import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeAddress } from '../../src/formats/address.ts';
import { tryKube } from '../kit/control-plane.ts';
import { createNamespace, type TestNamespace } from '../kit/namespace.ts';
import { describeNeeding } from '../kit/needs.ts';

let namespace: TestNamespace;

beforeAll(async () => {
  namespace = await createNamespace('addresses');
});

afterAll(() => namespace.remove());

/** Addresses of every range, as the judge publishes them: the same on each run. */
const published = [
  ...fc.sample(fc.oneof(fc.ipV4(), fc.ipV6()), { numRuns: 900, seed: 1 }),
  ...[
    '::5',
    '::1.2.3.4',
    '64:ff9b::10.0.0.5',
    '2001:db8:0:1:1:1:1:1',
    '2001:DB8::0:0:1',
    '240.0.0.1',
    '0.0.0.1',
  ],
].flatMap((text) => {
  const judged = judgeAddress(text);
  return judged.kind === 'address' ? [judged.address] : [];
});

const unique = [...new Set(published)];

function createEndpoints(name: string, addresses: readonly string[]) {
  return tryKube('POST', `/api/v1/namespaces/${namespace.name}/endpoints`, {
    metadata: { name },
    subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ port: 80 }] }],
  });
}

describe('addresses that the judge publishes', () => {
  it('are accepted in Endpoints, and read back as they were written', async () => {
    const { status, json } = await createEndpoints('published', unique);
    expect(json).not.toHaveProperty('message');
    expect(status).toBe(201);
    const written: readonly { ip: string }[] = json.subsets[0].addresses;
    expect(new Set(written.map(({ ip }) => ip))).toEqual(new Set(unique));
  });
});

describe('addresses that the apiserver refuses in Endpoints', () => {
  it.each([
    ...['127.0.0.1', '127.1.2.3', '0.0.0.0', '169.254.0.1', '224.0.0.1', '256.0.0.1', '10.0.0', 'vm-1', ''],
    ...[
      '::1',
      '::',
      'fe80::1',
      'febf::1',
      'ff02::1',
      'fe80::1%eth0',
      '[fd00::1]',
      '10.0.0.1:80',
      ' 10.0.0.1',
    ],
  ])('are refused by the judge too: "%s"', async (address) => {
    const { status } = await createEndpoints('refused', [address]);
    expect(status).toBe(422);
    expect(judgeAddress(address)).toMatchObject({ kind: 'rejected' });
  });
});

describeNeeding('discovery.k8s.io/v1', 'addresses that the judge publishes', () => {
  it.each([
    ['IPv4', false],
    ['IPv6', true],
  ])('are accepted in EndpointSlices of %s', async (addressType, hasColon) => {
    const endpoints = unique
      .filter((address) => address.includes(':') === hasColon)
      .map((address) => ({ addresses: [address] }));
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace.name}/endpointslices`;
    const name = `published-${addressType.toLowerCase()}`;
    const { status, json } = await tryKube('POST', path, { metadata: { name }, addressType, endpoints });
    expect(json).not.toHaveProperty('message');
    expect(status).toBe(201);
    expect(endpoints.length).toBeGreaterThan(100);
  });
});
