import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heapOfEach } from '../../../test/kit/heap.ts';
import type { EndpointSlice, EndpointSliceEndpoint } from '../../kube/resources.ts';
import { withSlimEndpoints } from './slim-endpoints.ts';

const ready = { ready: true, serving: true, terminating: false };
const terminating = { ready: false, serving: true, terminating: true };

function sliceOf(endpoints: readonly EndpointSliceEndpoint[] | null): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'web-1' },
    addressType: 'IPv4',
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
    endpoints,
  };
}

function alike(
  count: number,
  conditions: NonNullable<EndpointSliceEndpoint['conditions']>,
): EndpointSliceEndpoint[] {
  return Array.from({ length: count }, (_, index) => ({
    addresses: [`10.0.0.${index}`],
    conditions: { ...conditions },
  }));
}

const endpoint: fc.Arbitrary<EndpointSliceEndpoint> = fc.record(
  {
    addresses: fc.array(fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1', 'a name', ''), { maxLength: 2 }),
    conditions: fc.constantFrom(ready, terminating, {}),
    zone: fc.constantFrom('a', 'b'),
    hostname: fc.constantFrom('one', 'two'),
  },
  { requiredKeys: ['addresses'] },
);

/** Runs of endpoints that are alike, as most slices have them, and some that are not. */
const runs = fc
  .array(fc.tuple(endpoint, fc.integer({ min: 1, max: 9 })), { maxLength: 6 })
  .map((parts) => parts.flatMap(([one, count]) => Array.from({ length: count }, () => one)));

const many = 2000;

describe('a slice as caches keep it', () => {
  it('says what it said, in the same order, however often it is asked, copied or written', () => {
    fc.assert(
      fc.property(runs, (endpoints) => {
        const slice = sliceOf(endpoints);
        const slim = withSlimEndpoints(structuredClone(slice));
        expect(slim).toEqual(slice);
        expect(slim.endpoints).toEqual(endpoints);
        expect({ ...slim }.endpoints).toEqual(endpoints);
        expect(JSON.parse(JSON.stringify(slim))).toEqual(JSON.parse(JSON.stringify(slice)));
      }),
    );
  });

  it('keeps one object for the conditions of all endpoints that say the same, alike or not', () => {
    const mixed = [ready, terminating, ready].map((conditions, index) => ({
      addresses: [`10.0.1.${index}`],
      conditions: { ...conditions },
    }));
    const [first] = withSlimEndpoints(sliceOf(alike(8, ready))).endpoints ?? [];
    const [one, other, same] = withSlimEndpoints(sliceOf(mixed)).endpoints ?? [];
    expect(one?.conditions).toBe(first?.conditions);
    expect(same?.conditions).toBe(first?.conditions);
    expect(other?.conditions).toEqual(terminating);
  });

  it.each([null, []])('has no endpoints where it had %o', (endpoints) => {
    expect(withSlimEndpoints(sliceOf(endpoints)).endpoints).toEqual(endpoints);
  });

  it('takes at most 25 bytes for an endpoint that is like its neighbours', () => {
    const endpoints = 100;
    const each = heapOfEach(many, () => withSlimEndpoints(sliceOf(alike(endpoints, ready)))) / endpoints;
    expect(each).toBeGreaterThan(8);
    expect(each).toBeLessThan(25);
  });

  it('takes less than its endpoints alone would, however few they are', () => {
    const known = (): EndpointSliceEndpoint[] =>
      Array.from({ length: 4 }, (_, index) => ({ addresses: [`10.0.0.${index}`], conditions: ready }));
    const plain = heapOfEach(many, () => sliceOf(known()));
    expect(heapOfEach(many, () => withSlimEndpoints(sliceOf(known())))).toBeLessThan(plain);
  });
});
