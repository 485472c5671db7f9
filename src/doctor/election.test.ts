import { describe, expect, it } from 'vitest';
import type { Lease } from '../kube/resources.ts';
import { judgeLease } from './election.ts';

const now = Date.parse('2026-01-01T00:01:00Z');

function lease(spec: NonNullable<Lease['spec']>): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'etcd-endpoints', namespace: 'own' },
    spec: {
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 3,
      ...spec,
    },
  };
}

describe('the holder of a Lease', () => {
  it('leads, since when and in which term', () => {
    const held = lease({ holderIdentity: 'pod-a_0123abcd', renewTime: '2026-01-01T00:00:50.000000Z' });
    expect(judgeLease('own/etcd-endpoints', held, now)).toMatchObject({
      outcome: 'ok',
      message: 'pod-a leads since 2026-01-01T00:00:00.000000Z, in term 4 of Lease own/etcd-endpoints',
    });
  });

  it.each([
    [undefined, 'nobody leads: there is no Lease own/etcd-endpoints'],
    [lease({ holderIdentity: '' }), 'nobody leads: Lease own/etcd-endpoints was given back'],
    [
      lease({ holderIdentity: 'pod-a', renewTime: '2026-01-01T00:00:30.000000Z' }),
      'nobody leads: pod-a holds Lease own/etcd-endpoints, and was last 30 s ago heard of',
    ],
    [
      lease({ holderIdentity: 'pod-a', renewTime: 'soon' }),
      'nobody leads: pod-a holds Lease own/etcd-endpoints, and was never heard of',
    ],
  ])('that does not lead is told with the reason (%#)', (found, message) => {
    expect(judgeLease('own/etcd-endpoints', found, now)).toMatchObject({ outcome: 'problem', message });
  });
});
