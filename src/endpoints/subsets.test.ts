import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointsSubset } from '../kube/resources.ts';
import { covers, fromSubsets, sameSubsets, toSubsets } from './subsets.ts';
import type { DesiredEndpoint, EndpointPort } from './types.ts';

const http: EndpointPort = { name: 'http', port: 80, protocol: 'TCP' };
const grpc: EndpointPort = { name: 'grpc', port: 90, protocol: 'TCP' };
const endpoint = (
  address: string,
  ports: readonly EndpointPort[] = [http],
  ready = true,
): DesiredEndpoint => ({
  address,
  ports,
  ready,
});

const someEndpoints = fc.uniqueArray(
  fc
    .record({
      last: fc.integer({ min: 1, max: 30 }),
      ports: fc.constantFrom([http], [http, grpc], [grpc], []),
      ready: fc.boolean(),
    })
    .map(({ last, ports, ready }) => endpoint(`10.0.0.${last}`, ports, ready)),
  { selector: ({ address }) => address, maxLength: 25 },
);

/** What the apiserver does on every write: each port becomes a subset of its own where its addresses differ. */
function repackPortByPort(subsets: readonly EndpointsSubset[]): EndpointsSubset[] {
  return subsets.flatMap(({ ports = [], ...addresses }) =>
    ports.length === 0 ? [addresses] : ports.map((port) => ({ ...addresses, ports: [port] })),
  );
}

describe('subsets', () => {
  it('hold addresses that share their ports together, ready and not ready apart', () => {
    const { subsets } = toSubsets([
      endpoint('10.0.0.1'),
      endpoint('10.0.0.2', [http], false),
      endpoint('10.0.0.3', [http, grpc]),
    ]);
    expect(subsets).toEqual([
      {
        addresses: [{ ip: '10.0.0.1' }],
        notReadyAddresses: [{ ip: '10.0.0.2' }],
        ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      },
      {
        addresses: [{ ip: '10.0.0.3' }],
        ports: [
          { name: 'http', port: 80, protocol: 'TCP' },
          { name: 'grpc', port: 90, protocol: 'TCP' },
        ],
      },
    ]);
  });

  it('lose nothing and add nothing', () => {
    fc.assert(
      fc.property(someEndpoints, (endpoints) => {
        const back = fromSubsets(toSubsets(endpoints).subsets);
        const byAddress = (a: DesiredEndpoint, b: DesiredEndpoint): number =>
          a.address < b.address ? -1 : 1;
        expect(back.sort(byAddress)).toEqual([...endpoints].sort(byAddress));
      }),
    );
  });

  it('never hold more addresses than the limit, drop not ready ones first, and say so', () => {
    fc.assert(
      fc.property(someEndpoints, fc.integer({ min: 1, max: 20 }), (endpoints, limit) => {
        const { subsets, truncated } = toSubsets(endpoints, limit);
        const kept = fromSubsets(subsets);
        expect(kept).toHaveLength(Math.min(limit, endpoints.length));
        expect(truncated).toBe(endpoints.length > limit);
        const readyBefore = endpoints.filter(({ ready }) => ready).length;
        expect(kept.filter(({ ready }) => ready)).toHaveLength(Math.min(limit, readyBefore));
      }),
    );
  });

  it('mean the same when the apiserver has repacked them', () => {
    fc.assert(
      fc.property(someEndpoints, (endpoints) => {
        const { subsets } = toSubsets(endpoints);
        expect(sameSubsets(subsets, repackPortByPort(subsets).reverse())).toBe(true);
      }),
    );
  });

  it('mean something else when an address, a port or its readiness differs', () => {
    fc.assert(
      fc.property(someEndpoints, fc.nat(), (endpoints, at) => {
        const changed = endpoints[at % (endpoints.length || 1)];
        fc.pre(changed !== undefined);
        const { subsets } = toSubsets(endpoints);
        const others = endpoints.filter((one) => one !== changed);
        const variants = [
          others,
          [...others, { ...changed, ready: !changed.ready }],
          [...others, { ...changed, address: '10.9.9.9' }],
          [...others, { ...changed, ports: [{ ...http, port: 81 }] }],
        ];
        for (const variant of variants) {
          expect(sameSubsets(subsets, toSubsets(variant).subsets)).toBe(false);
        }
      }),
    );
  });

  it('carry the names of an address, one form of it wherever it stands', () => {
    const { subsets } = toSubsets([
      { ...endpoint('10.0.0.1'), hostname: 'a', nodeName: 'n1' },
      { ...endpoint('10.0.0.1', [grpc]), hostname: 'b' },
    ]);
    expect(subsets.flatMap(({ addresses }) => addresses)).toEqual([
      { ip: '10.0.0.1', hostname: 'a', nodeName: 'n1' },
      { ip: '10.0.0.1', hostname: 'a', nodeName: 'n1' },
    ]);
    expect(
      sameSubsets(subsets, toSubsets([endpoint('10.0.0.1'), endpoint('10.0.0.1', [grpc])]).subsets),
    ).toBe(false);
    expect(fromSubsets(subsets)).toContainEqual({ ...endpoint('10.0.0.1'), hostname: 'a', nodeName: 'n1' });
  });

  it('mean the same with the defaults that the apiserver fills in', () => {
    const ours = [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }];
    const served = [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80, protocol: 'TCP' as const }] }];
    expect(sameSubsets(ours, served)).toBe(true);
  });
});

describe('what is served', () => {
  it('covers what is wanted when every address and port is there, ready where it is ready', () => {
    const wanted = [endpoint('10.0.0.1', [http, grpc]), endpoint('10.0.0.2', [http], false)];
    const inParts = [endpoint('10.0.0.1', [http]), endpoint('10.0.0.1', [grpc])];
    expect(covers([...inParts, endpoint('10.0.0.2')], wanted)).toBe(true);
    expect(covers([...inParts, endpoint('10.0.0.2', [http], false)], wanted)).toBe(true);
    expect(covers(inParts, wanted)).toBe(false);
    expect(covers([endpoint('10.0.0.1', [http]), endpoint('10.0.0.2')], wanted)).toBe(false);
    expect(covers([endpoint('10.0.0.1', [http, grpc], false), endpoint('10.0.0.2')], wanted)).toBe(false);
  });
});
