import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { MemoryRegistry } from '../../test/kit/memory-registry.ts';
import { KeyLedger } from '../controller/follow/key-ledger.ts';
import { compileFilter } from '../endpoints/filter.ts';
import { endpointId } from '../endpoints/match-ports.ts';
import { compileZone } from '../endpoints/zone.ts';
import { bytesOf } from '../etcd/bytes.ts';
import { keyOf } from '../etcd/key.ts';
import { compileReader } from '../formats/read.ts';
import { chainsOf, PublishedPlaces } from './chain.ts';
import { leaseTimes } from './lease-times.ts';

const filteredBy = compileFilter({ excludeCIDRs: ['10.9.0.0/16'] });

/** A ledger of an EtcdService over /web, with these values by the last part of their keys. */
function ledgerOf(values: Readonly<Record<string, string>>): KeyLedger {
  const ledger = new KeyLedger({
    read: compileReader({ prefix: '/web', separator: '/', format: 'auto' }, { maxValueBytes: 1024 }),
    publishing: {
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
      families: ['IPv4', 'IPv6'],
      headless: false,
      zoneHints: false,
      zoneOf: compileZone(undefined),
      marksOf: () => ({ flaws: [] }),
      refuses: () => undefined,
      admits: (instance) => filteredBy(instance) === undefined,
    },
  });
  ledger.apply(
    Object.entries(values).map(([name, value], index) => {
      const key = keyOf(`/web/${name}`);
      const revision = index + 1;
      const lease = name.startsWith('lease') ? name.slice('lease'.length) : '0';
      const registration = {
        key,
        value: bytesOf(value),
        lease,
        createRevision: revision,
        modRevision: revision,
      };
      return { key, revision, registration };
    }),
  );
  return ledger;
}

function chains(ledger: KeyLedger, published = new PublishedPlaces([], () => undefined)) {
  return chainsOf(ledger.readings(), { filteredBy, leases: new Map(), published });
}

const slice = { kind: 'EndpointSlice', name: 'web-abc' } as const;

describe('chainsOf', () => {
  it('has a reason for each item, by the words of status and rejections', () => {
    const ledger = ledgerOf({
      a: '10.0.0.1:80',
      b: '10.0.0.1:80',
      c: '10.9.0.1:80',
      d: '127.0.0.1:80',
      e: '{"ServiceName":"web","Host":"10.0.0.2","Port":80,"Healthy":false}',
    });
    const holders = [{ holder: slice, endpoints: ledger.desired().endpoints }];
    const places = new PublishedPlaces(holders, () => undefined);
    expect(chains(ledger, places).map(({ items }) => items.map(({ reason }) => reason))).toEqual([
      ['Published'],
      ['Duplicate'],
      ['Filtered'],
      ['InvalidAddress'],
      ['NotReady'],
    ]);
  });

  it('says that an endpoint is not written yet', () => {
    const [chain] = chains(ledgerOf({ a: '10.0.0.1:80' }));
    expect(chain?.items).toMatchObject([{ reason: 'NotWritten', endpoint: { in: [] } }]);
  });

  it('says which field of the filter an instance does not pass', () => {
    const [chain] = chains(ledgerOf({ a: '10.9.0.1:80' }));
    expect(chain?.items).toMatchObject([{ reason: 'Filtered', filteredBy: 'excludeCIDRs' }]);
  });

  it('shows what stands in for a value that cannot be read', () => {
    const ledger = ledgerOf({ a: '10.0.0.1:80' });
    const key = keyOf('/web/a');
    const registration = {
      key,
      value: bytesOf('?'),
      lease: '0',
      createRevision: 1,
      modRevision: 2,
    };
    ledger.apply([{ key, revision: 2, registration }]);
    const [chain] = chains(ledger);
    expect(chain).toMatchObject({
      revision: '2',
      createRevision: '1',
      items: [{ reason: 'InvalidSyntax' }],
      standIns: [{ address: '10.0.0.1', ports: [80] }],
    });
  });

  it('tells what is kept, by what and until when', () => {
    const kept = { reason: 'Draining', until: '2026-11-20T02:47:11.000Z' };
    const [endpoint] = ledgerOf({ a: '10.0.0.1:80' }).desired().endpoints;
    const endpoints = endpoint === undefined ? [] : [endpoint];
    const places = new PublishedPlaces([{ holder: slice, endpoints }], () => kept);
    expect([...places.besides(new Set())]).toEqual([
      { address: '10.0.0.1', ports: [80], ready: true, in: [slice], kept },
    ]);
    expect([...places.besides(new Set(endpoints.map(endpointId)))]).toEqual([]);
  });

  it('counts as many items of each kind as the status does', () => {
    const value = fc.constantFrom('10.0.0.1:80', '10.0.0.2:80', '10.9.0.1:80', '127.0.0.1:80', '?', '');
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e/'), value), (values) => {
        const ledger = ledgerOf(values);
        const { counts, endpoints } = ledger.desired();
        const places = new PublishedPlaces([{ holder: slice, endpoints }], () => undefined);
        const reasons = chains(ledger, places).flatMap(({ items }) => items.map(({ reason }) => reason));
        const count = (reason: string) => reasons.filter((one) => one === reason).length;
        expect(count('Published')).toBe(counts.ready);
        expect(count('Filtered')).toBe(counts.filtered);
        expect(count('Ignored')).toBe(counts.ignored);
        expect(count('Duplicate')).toBe(counts.duplicate);
        expect(reasons).toHaveLength(counts.keys);
      }),
    );
  });
});

describe('leaseTimes', () => {
  it('tells leases that live, leases that are gone, and none that etcd did not tell', async () => {
    const registry = new MemoryRegistry();
    registry.leases.add('7');
    const source = {
      leaseTime: (lease: string) =>
        lease === '9' ? Promise.reject(new Error('away')) : registry.leaseTime(lease),
    };
    const times = await leaseTimes(source, ['0', '7', '7', '8', '9'], new FakeClock());
    expect([...times.keys()].sort()).toEqual(['7', '8']);
    const read = chainsOf(ledgerOf({ lease7: '', lease8: '', lease9: '' }).readings(), {
      filteredBy,
      leases: times,
      published: new PublishedPlaces([], () => undefined),
    });
    expect(read.map(({ lease }) => lease?.state)).toEqual(['Alive', 'Gone', 'Unknown']);
  });

  it('asks for no more than a thousand, and not for ever', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const leaseTime = async () => {
      asked += 1;
      clock.advance(asked === 500 ? 5_000 : 0);
      return undefined;
    };
    const many = Array.from({ length: 5_000 }, (_, index) => String(index + 1));
    await leaseTimes({ leaseTime }, many, clock);
    expect(asked).toBeGreaterThanOrEqual(500);
    expect(asked).toBeLessThan(600);
  });
});
