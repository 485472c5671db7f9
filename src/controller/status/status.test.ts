import { describe, expect, it } from 'vitest';
import type { EtcdServiceStatus } from '../../api/etcd-service.ts';
import { etcdServiceStatusSchema } from '../../api/etcd-service-status.ts';
import { type Desired, desiredEndpoints } from '../../endpoints/desired.ts';
import { differenceOf, type Findings, nextStatus } from './status.ts';

const now = Date.UTC(2026, 0, 1, 12);
const desired = (...addresses: string[]): Desired =>
  desiredEndpoints(
    addresses.map((address) => ({
      key: `/web/${address}`,
      format: 'plain',
      outcomes: [
        {
          kind: 'endpoint',
          endpoint: { address, ports: [], ready: true },
          partial: false,
          flaws: [],
        },
      ],
      standIns: [],
    })),
    { headless: false, zoneHints: false },
  );
const published = (what: Desired, revision = 10): Findings => ({
  ready: { status: 'True', reason: 'Published', message: 'Kubernetes holds what etcd says' },
  serviceName: 'web',
  published: {
    desired: what,
    endpoints: what.endpoints,
    revision,
    ready: what.endpoints.filter(({ ready }) => ready).length,
    held: 0,
    draining: 0,
  },
  registry: { status: 'True', reason: 'Connected', message: 'etcd answers' },
  removal: { status: 'False', reason: 'NothingHeld', message: 'Nothing is held' },
  observed: undefined,
});
const nothingKnown: Findings = {
  ready: undefined,
  serviceName: undefined,
  published: undefined,
  registry: undefined,
  removal: undefined,
  observed: undefined,
};
const statusOf = (
  findings: Findings,
  before: EtcdServiceStatus = {},
  at = now,
  generation = 1,
  observes = false,
): EtcdServiceStatus => nextStatus({ findings, before, generation, observes, now: at });
const conditionOf = (status: EtcdServiceStatus, type: string): unknown =>
  status.conditions?.find((condition) => condition.type === type);

describe('the status of an EtcdService', () => {
  it('has all conditions on the first visit, unknown where nothing is known', () => {
    expect(statusOf(nothingKnown).conditions).toMatchObject([
      { type: 'Ready', status: 'Unknown', reason: 'NotSynced' },
      { type: 'HasEndpoints', status: 'Unknown', reason: 'NotSynced' },
      { type: 'RegistryConnected', status: 'Unknown', reason: 'Connecting' },
      { type: 'RemovalHeld', status: 'Unknown', reason: 'NotSynced' },
    ]);
  });

  it('has the condition Equal, and what was compared, as long as it is only observed', () => {
    const comparison = { wanted: 1, standing: 0, missing: 1, superfluous: 0, different: 0, examples: [] };
    const observed = {
      desired: desired('10.0.0.1'),
      comparison,
      service: ['x'.repeat(600)],
      equal: { status: 'False', reason: 'Differs', message: '1 is missing' },
    } as const;
    const observing = statusOf({ ...nothingKnown, observed }, {}, now, 1, true);
    expect(observing).toMatchObject({ instances: { ready: 1 }, observed: { wanted: 1, missing: 1 } });
    expect(observing.observed?.service.map(({ length }) => length)).toEqual([512]);
    expect(conditionOf(observing, 'Equal')).toMatchObject({ status: 'False', reason: 'Differs' });

    const kept = statusOf(nothingKnown, observing, now, 1, true);
    expect(kept).toEqual(observing);
    const publishing = statusOf(nothingKnown, observing);
    expect(publishing).not.toHaveProperty('observed');
    expect(conditionOf(publishing, 'Equal')).toBeUndefined();
  });

  it('counts what is published, with the revision that it reflects', () => {
    expect(statusOf(published(desired('10.0.0.1', '10.0.0.2')))).toMatchObject({
      observedGeneration: 1,
      serviceName: 'web',
      summary: '2/2',
      revision: '10',
      instances: { keys: 2, ready: 2 },
      formats: ['plain'],
    });
  });

  it('is ready without endpoints, and says that apart', () => {
    const status = statusOf(published(desired()));
    expect(conditionOf(status, 'Ready')).toMatchObject({ status: 'True' });
    expect(conditionOf(status, 'HasEndpoints')).toMatchObject({ status: 'False', reason: 'NoInstances' });
  });

  it('does not move its revision where nothing else moves', () => {
    const before = statusOf(published(desired('10.0.0.1'), 10));
    const after = statusOf(published(desired('10.0.0.1'), 999), before, now + 60_000);
    expect(differenceOf(before, after)).toBe('none');
  });

  it('keeps everything where nothing is known for the moment', () => {
    const before = statusOf(published(desired('10.0.0.1')));
    expect(differenceOf(before, statusOf(nothingKnown, before, now + 1000))).toBe('none');
  });

  it('moves the time of a condition with its status alone', () => {
    const before = statusOf(published(desired('10.0.0.1')));
    const after = statusOf(published(desired()), before, now + 60_000);
    expect(conditionOf(after, 'Ready')).toMatchObject({ lastTransitionTime: '2026-01-01T12:00:00Z' });
    expect(conditionOf(after, 'HasEndpoints')).toMatchObject({ lastTransitionTime: '2026-01-01T12:01:00Z' });
  });

  it('has the true time of a transition that could not be written when it happened', () => {
    const before = statusOf(published(desired('10.0.0.1')));
    const registry = { status: 'False', reason: 'Disconnected', message: 'away', since: now + 5000 } as const;
    const after = statusOf({ ...nothingKnown, registry }, before, now + 60_000);
    expect(conditionOf(after, 'RegistryConnected')).toMatchObject({
      lastTransitionTime: '2026-01-01T12:00:05Z',
    });
  });

  it('is always one that its own schema takes, however long the messages are', () => {
    const message = `${'x'.repeat(32_766)}😀 and more`;
    const key = {
      key: '/a',
      format: 'plain',
      outcomes: [{ kind: 'rejected', reason: 'NoPort', message } as const],
      standIns: [],
    };
    const ready = { status: 'False', reason: 'InvalidSpec', message } as const;
    const status = statusOf({
      ...published(desiredEndpoints([key], { headless: false, zoneHints: false })),
      ready,
    });
    expect(etcdServiceStatusSchema.safeParse(status).error).toBeUndefined();
  });

  it('tells counters, which can wait, from transitions, which cannot', () => {
    const before = statusOf(published(desired('10.0.0.1')));
    expect(differenceOf(before, statusOf(published(desired('10.0.0.1', '10.0.0.2')), before))).toBe(
      'counters',
    );
    expect(differenceOf(before, statusOf(published(desired()), before))).toBe('transition');
    expect(differenceOf(before, statusOf(published(desired('10.0.0.1')), before, now, 2))).toBe('transition');
  });
});
