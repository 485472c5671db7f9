import { describe, expect, it } from 'vitest';
import { endpointsAt, httpPort, sliceAt } from '../../../test/kit/pack.ts';
import type { EndpointSlice } from '../../kube/resources.ts';
import { fromSlices } from './from-slices.ts';

const deadline = '2026-01-01T00:00:00.000Z';

/** A slice with one endpoint, under these conditions. */
function withConditions(conditions: object, notes: Readonly<Record<string, string>> = {}): EndpointSlice {
  const slice = sliceAt('web-a', []);
  return {
    ...slice,
    metadata: { ...slice.metadata, annotations: notes },
    endpoints: [{ addresses: ['10.0.0.1'], conditions }],
  };
}

describe('what slices hold', () => {
  it('is every endpoint with its ports and what is known of it', () => {
    const slice = sliceAt('web-a', [1, 2], 9090);
    const [first = { addresses: [] }] = slice.endpoints ?? [];
    const told = { zone: 'a', nodeName: 'n1', hostname: 'web-1' };
    expect(fromSlices([{ ...slice, endpoints: [{ ...first, ...told }] }, sliceAt('web-b', [1, 3])])).toEqual([
      { address: '10.0.0.1', ports: [httpPort(9090)], ready: true, ...told },
      ...endpointsAt([1, 3]),
    ]);
  });

  it.each<[string, object, boolean]>([
    ['nothing is said', {}, true],
    ['it is ready', { ready: true, serving: true, terminating: false }, true],
    ['it is not ready', { ready: false, serving: false, terminating: false }, false],
    ['it is not ready, and so says a writer that knows no serving', { ready: false }, false],
    ['it is not ready, but published', { ready: true, serving: false, terminating: false }, false],
  ])('is as ready as the registry said, where %s', (_, conditions, ready) => {
    expect(fromSlices([withConditions(conditions)])).toMatchObject([{ ready }]);
    expect(fromSlices([withConditions(conditions)])[0]).not.toHaveProperty('drainUntil');
  });

  it('drains until the time that the slice says, also where draining endpoints are published', () => {
    const notes = { 'etcd-endpoints.io/draining-until': deadline };
    for (const ready of [true, false]) {
      const slice = withConditions({ ready, serving: true, terminating: true }, notes);
      expect(fromSlices([slice])).toMatchObject([{ ready: false, drainUntil: Date.parse(deadline) }]);
    }
  });

  it.each([{}, { 'etcd-endpoints.io/draining-until': 'soon' }])(
    'drains no longer where the slice names no time',
    (notes) => {
      expect(fromSlices([withConditions({ terminating: true }, notes)])).toMatchObject([{ drainUntil: 0 }]);
    },
  );

  it('counts an endpoint once that stands in two slices, as the readier of both', () => {
    const ready = sliceAt('web-b', [1]);
    const notReady = withConditions({ ready: false });
    const draining = withConditions({ terminating: true });
    for (const slices of [
      [ready, notReady, draining],
      [draining, notReady, ready],
    ]) {
      expect(fromSlices(slices)).toEqual(endpointsAt([1]));
    }
    expect(fromSlices([draining, notReady])[0]).not.toHaveProperty('drainUntil');
  });

  it('is nothing where slices hold names, or nothing', () => {
    const names: EndpointSlice = {
      ...sliceAt('web-a', []),
      addressType: 'FQDN',
      endpoints: [{ addresses: ['web.example'] }],
    };
    expect(fromSlices([names, { ...sliceAt('web-b', []), endpoints: null, ports: null }])).toEqual([]);
  });
});
