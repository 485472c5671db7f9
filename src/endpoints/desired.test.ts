import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Desired, desiredEndpoints } from './desired.ts';
import type { DesiredEndpoint, KeyOutcome, Outcome } from './types.ts';

const endpoint = (address: string, ready = true, port = 8080): DesiredEndpoint => ({
  address,
  ports: [{ name: '', port, protocol: 'TCP' }],
  ready,
});
const announces = (...endpoints: DesiredEndpoint[]): Outcome[] =>
  endpoints.map((one) => ({ kind: 'endpoint', endpoint: one, partial: false, flaws: [] }));
const key = (name: string, outcomes: readonly Outcome[], standIns: DesiredEndpoint[] = []): KeyOutcome => ({
  key: name,
  format: 'plain',
  outcomes,
  standIns,
});
const desiredOf = (keys: readonly KeyOutcome[]): Desired =>
  desiredEndpoints(keys, { headless: false, zoneHints: false });
const rejected = { kind: 'rejected', reason: 'InvalidPort', message: 'port 0' } as const;

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc
    .record({ last: fc.integer({ min: 1, max: 5 }), ready: fc.boolean(), port: fc.constantFrom(80, 81) })
    .map(({ last, ready, port }) => announces(endpoint(`10.0.0.${last}`, ready, port))[0] as Outcome),
  fc.constant({ kind: 'filtered' } as const),
  fc.constant({ kind: 'ignored' } as const),
  fc.constant(rejected),
);
const keys = fc.array(fc.array(outcome, { minLength: 1, maxLength: 3 }), { maxLength: 8 });
const toKeys = (lists: Outcome[][]): KeyOutcome[] =>
  lists.map((outcomes, index) => key(`/k/${index}`, outcomes));

describe('what is desired', () => {
  it('publishes each address and port once, and counts the other key as a duplicate', () => {
    const desired = desiredOf([
      key('/a', announces(endpoint('10.0.0.1'))),
      key('/b', announces(endpoint('10.0.0.1'))),
    ]);
    expect(desired.endpoints).toEqual([endpoint('10.0.0.1')]);
    expect(desired.counts).toMatchObject({ keys: 2, ready: 1, duplicate: 1 });
  });

  const labelled = (at: number, version: string): DesiredEndpoint => ({
    ...endpoint(`10.0.${at >> 8}.${at & 255}`),
    labels: { version },
    weight: 5,
  });

  it('has a hundred sets of labels at the most, and the rarest instances without them', () => {
    const common = Array.from({ length: 198 }, (_, at) => labelled(at, `v${at >> 1}`));
    const rare = Array.from({ length: 300 }, (_, at) => labelled(1000 + at, `own-${1000 + at}`));
    const desired = desiredOf([...rare, ...common].map((one, at) => key(`/${at}`, announces(one))));
    const isLabelled = ({ labels }: DesiredEndpoint) => labels !== undefined;

    expect(new Set(desired.endpoints.filter(isLabelled).map(({ labels }) => labels?.['version']))).toEqual(
      new Set([...common.map(({ labels }) => labels?.['version']), 'own-1000']),
    );
    const bare = desired.endpoints.filter((one) => !isLabelled(one));
    expect(new Set(bare)).toEqual(new Set(rare.slice(1).map(({ labels: _, ...one }) => one)));
    expect(desired.notices).toMatchObject([{ reason: 'TooManyLabelSets', count: 399 }]);
    expect(desired.counts).toMatchObject({ keys: 498, ready: 498 });
  });

  it('has a hundred sets of labels as they are', () => {
    const all = Array.from({ length: 100 }, (_, at) => labelled(at, `v${at}`));
    const desired = desiredOf([...all, endpoint('10.9.9.9')].map((one, at) => key(`/${at}`, announces(one))));
    expect(desired.endpoints.filter(({ labels }) => labels !== undefined)).toHaveLength(100);
    expect(desired.notices).toEqual([]);
  });

  it('names the formats that instances were read by, each once and in order', () => {
    const desired = desiredOf([
      { ...key('/a', announces(endpoint('10.0.0.1'))), format: 'plain' },
      { ...key('/b', announces(endpoint('10.0.0.2'))), format: 'grpc' },
      { ...key('/c', announces(endpoint('10.0.0.2'))), format: 'grpc' },
      { ...key('/d', [{ kind: 'ignored' }]), format: 'dubbo' },
      { ...key('/e', [rejected]), format: 'json' },
    ]);
    expect(desired.formats).toEqual(['grpc', 'plain']);
  });

  it('publishes one address with two ports under two keys twice', () => {
    const desired = desiredOf([
      key('/a', announces(endpoint('10.0.0.1', true, 80))),
      key('/b', announces(endpoint('10.0.0.1', true, 81))),
    ]);
    expect(desired.endpoints).toHaveLength(2);
  });

  it('takes an endpoint as ready when one of its registrations says so', () => {
    const desired = desiredOf([
      key('/a', announces(endpoint('10.0.0.1', false))),
      key('/b', announces(endpoint('10.0.0.1', true))),
    ]);
    expect(desired.endpoints).toEqual([endpoint('10.0.0.1', true)]);
    expect(desired.counts).toMatchObject({ ready: 1, notReady: 0, duplicate: 1 });
  });

  it('publishes a stand-in but counts its item as rejected', () => {
    const desired = desiredOf([key('/a', [rejected], [endpoint('10.0.0.1')])]);
    expect(desired.endpoints).toEqual([endpoint('10.0.0.1')]);
    expect(desired.counts).toMatchObject({ keys: 1, ready: 0, rejected: 1 });
  });

  it('names the first five rejected keys and counts them all', () => {
    const desired = desiredOf(Array.from({ length: 7 }, (_, index) => key(`/k/${index}`, [rejected])));
    expect(desired.rejected.map((sample) => sample.key)).toEqual(['/k/0', '/k/1', '/k/2', '/k/3', '/k/4']);
    expect(desired.rejectedByReason.get('InvalidPort')).toBe(7);
  });

  it('counts every item exactly once', () => {
    fc.assert(
      fc.property(keys, (lists) => {
        const { counts } = desiredOf(toKeys(lists));
        const { keys: all, ...others } = counts;
        expect(all).toBe(lists.flat().length);
        expect(Object.values(others).reduce((sum, count) => sum + count, 0)).toBe(all);
      }),
    );
  });

  it('publishes what the keys announce whatever their order', () => {
    fc.assert(
      fc.property(keys, fc.nat(), (lists, turn) => {
        const rotated = [
          ...lists.slice(turn % (lists.length + 1)),
          ...lists.slice(0, turn % (lists.length + 1)),
        ];
        expect(desiredOf(toKeys(rotated)).endpoints).toEqual(desiredOf(toKeys(lists)).endpoints);
      }),
    );
  });
});
