import { describe, expect, it } from 'vitest';
import { explanationText } from './text.ts';
import type { Explanation } from './types.ts';

const explanation: Explanation = {
  etcdService: 'shop/web',
  replica: 'etcd-endpoints-5d9c8',
  service: 'shop/web',
  revision: '81730',
  conditions: [
    { type: 'Ready', status: 'True', reason: 'Published', message: 'Kubernetes holds what etcd says' },
  ],
  keys: [
    {
      key: '/services/web/i1',
      revision: '81012',
      createRevision: '80777',
      lease: { id: '7587862072904530947', state: 'Alive', remainingSeconds: 12, grantedSeconds: 15 },
      format: 'grpc',
      items: [
        {
          reason: 'Published',
          instance: { address: '10.0.0.7', ports: { '': 8080 }, ready: true },
          endpoint: {
            address: '10.0.0.7',
            ports: [8080],
            ready: true,
            in: [
              { kind: 'EndpointSlice', name: 'web-8kqzt' },
              { kind: 'Endpoints', name: 'web' },
            ],
          },
        },
      ],
      standIns: [],
    },
    {
      key: '/services/web/i2',
      revision: '81013',
      createRevision: '81013',
      items: [{ reason: 'InvalidAddress', message: '127.0.0.1 is a loopback address' }],
      standIns: [],
    },
    {
      key: '/services/web/i3',
      revision: '81014',
      createRevision: '81014',
      lease: { id: '17', state: 'Gone' },
      format: 'json',
      items: [
        {
          reason: 'Filtered',
          instance: { address: 'fd00::5', ports: { http: 80, grpc: 90 }, ready: false },
          filteredBy: 'matchMetadata',
        },
      ],
      standIns: [],
    },
  ],
  omittedKeys: 2,
  kept: [
    {
      address: '10.0.0.6',
      ports: [8080],
      ready: true,
      in: [{ kind: 'EndpointSlice', name: 'web-8kqzt' }],
      kept: { reason: 'HeldByGuard', hold: 'bcdfgh', until: '2026-11-20T02:52:11.000Z' },
    },
  ],
  removals: [
    {
      address: '10.0.0.5',
      ports: [8080],
      reason: 'LeaseGone',
      key: '/services/web/i0',
      revision: '81723',
      lease: '17',
      leftAt: '2026-11-20T02:47:11.000Z',
      removedAt: '2026-11-20T02:47:11.021Z',
    },
    { address: '10.0.0.4', ports: [], reason: 'Unexplained', removedAt: '2026-11-20T01:00:00.000Z' },
  ],
  lastWrite: { at: '2026-11-20T02:47:11.021Z', revision: '81723' },
};

describe('explanationText', () => {
  it('leads from the EtcdService over each key to what was removed', () => {
    expect(explanationText(explanation).split('\n')).toEqual([
      'EtcdService shop/web, as replica etcd-endpoints-5d9c8 sees it',
      '  service    shop/web',
      '  registry   revision 81730',
      '  Ready      True (Published): Kubernetes holds what etcd says',
      '  write      at 2026-11-20T02:47:11.021Z, of revision 81723',
      '',
      '/services/web/i1',
      '  revision   81012, created at 80777',
      '  lease      694d805a64223c03, 12 of 15 s remain',
      '  format     grpc',
      '  instance   10.0.0.7 8080 ready',
      '  published  10.0.0.7:8080 in EndpointSlice web-8kqzt, Endpoints web',
      '  result     Published',
      '',
      '/services/web/i2',
      '  revision   81013',
      '  lease      none: the key stays until somebody deletes it',
      '  format     none could read it',
      '  result     InvalidAddress: 127.0.0.1 is a loopback address',
      '',
      '/services/web/i3',
      '  revision   81014',
      '  lease      0000000000000011, which etcd does not know any more',
      '  format     json',
      '  instance   fd00::5 http=80 grpc=90 not ready',
      '  filter     does not pass matchMetadata',
      '  result     Filtered',
      '',
      '… and 2 keys more',
      '',
      'Published without a key',
      '  10.0.0.6:8080 in EndpointSlice web-8kqzt, HeldByGuard bcdfgh until 2026-11-20T02:52:11.000Z',
      '',
      'Removed last',
      '  10.0.0.5:8080 left at 2026-11-20T02:47:11.000Z, revision 81723, lease gone (LeaseGone), key /services/web/i0, lease 0000000000000011, out of Kubernetes at 2026-11-20T02:47:11.021Z',
      '  10.0.0.4 left at 2026-11-20T01:00:00.000Z, before this replica followed etcd (Unexplained), out of Kubernetes at 2026-11-20T01:00:00.000Z',
      '',
    ]);
  });

  it('lets nothing act on a terminal that comes from a registration', () => {
    const instance = { address: '10.0.0.7', ports: { '\x1b[2J\n': 80 }, ready: true };
    const item = { reason: 'NotWritten', instance };
    const [chain] = explanation.keys;
    const keys = chain === undefined ? [] : [{ ...chain, items: [item] }];
    const text = explanationText({ ...explanation, keys });
    expect(text).not.toContain('\x1b');
    expect(text).toContain('\\u{1b}[2J\\u{a}=80');
  });
});

it('sets what it says of an EtcdService in one column, however long the names of its conditions are', () => {
  const registry = { type: 'RegistryConnected', status: 'True', reason: 'Connected', message: 'it answers' };
  const text = explanationText({ ...explanation, conditions: [...explanation.conditions, registry] });
  const [, ...facts] = text.slice(0, text.indexOf('\n\n')).split('\n');
  expect(facts).toHaveLength(5);
  for (const fact of facts) {
    expect(fact.slice(0, 20), fact).toMatch(/^ {2}\S+ +$/);
    expect(fact[20], fact).toMatch(/\S/);
  }
});
