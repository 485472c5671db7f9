import { describe, expect, it } from 'vitest';
import { heapOfEach } from '../../test/kit/heap.ts';
import type { Condition, EtcdService } from '../api/etcd-service.ts';
import { slimEtcdService } from './slim.ts';

const type = { apiVersion: 'etcd-endpoints.io/v1alpha1', kind: 'EtcdService' };

const condition = (more: Partial<Condition> = {}): Condition => ({
  type: 'Ready',
  status: 'True',
  reason: 'Published',
  message: '10 endpoints are ready',
  lastTransitionTime: '2026-11-30T10:00:00Z',
  observedGeneration: 1,
  ...more,
});

function etcdService(...conditions: readonly Condition[]): EtcdService {
  return {
    ...type,
    metadata: { name: 'web', managedFields: [{ manager: 'kubectl' }] },
    spec: { prefix: '/web' },
    status: { conditions, endpoints: 10 },
  } as unknown as EtcdService;
}

describe('an EtcdService in a cache', () => {
  it('says what it said, without the bookkeeping of its writers', () => {
    const { metadata, ...others } = etcdService(
      condition(),
      condition({ type: 'RemovalHeld', status: 'False' }),
    );
    expect(slimEtcdService({ metadata, ...others })).toEqual({ ...others, metadata: { name: 'web' } });
  });

  it.each([
    ['no status', {}],
    ['a status without conditions', { status: { endpoints: 0 } }],
  ])('stays as it is with %s', (_, more) => {
    const object = {
      ...type,
      metadata: { name: 'web' },
      spec: { prefix: '/web' },
      ...more,
    } as unknown as EtcdService;
    expect(slimEtcdService(object)).toStrictEqual(object);
  });

  it('shares conditions with one that says the same', () => {
    const [one, two] = [slimEtcdService(etcdService(condition())), slimEtcdService(etcdService(condition()))];
    expect(two.status?.conditions?.[0]).toBe(one.status?.conditions?.[0]);
  });

  it.each<Partial<Condition>>([
    { type: 'Equal' },
    { status: 'False' },
    { reason: 'Paused' },
    { message: '9 endpoints are ready' },
    { lastTransitionTime: '2026-11-30T10:00:01Z' },
    { observedGeneration: 2 },
  ])('shares no condition with one that differs in %j alone', (more) => {
    slimEtcdService(etcdService(condition()));
    const other = slimEtcdService(etcdService(condition(more)));
    expect(other.status?.conditions).toEqual([condition(more)]);
  });

  it('says what it said also where others have written conditions of any type', () => {
    const conditions = Array.from({ length: 40 }, (_, index) =>
      condition({ type: `Foreign${'x'.repeat(index)}` }),
    );
    for (let round = 0; round < 2; round += 1) {
      expect(slimEtcdService(etcdService(...conditions)).status?.conditions).toEqual(conditions);
    }
  });

  it('takes no text of its own for what all objects of its type say', () => {
    const text = JSON.stringify({ ...type, metadata: { name: 'web' }, spec: {} });
    const parsed = (): EtcdService => JSON.parse(text);
    const own = heapOfEach(10_000, parsed) - heapOfEach(10_000, () => slimEtcdService(parsed()));
    expect(own).toBeGreaterThan(type.apiVersion.length + type.kind.length);
  });
});
