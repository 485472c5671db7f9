import { expect, it } from 'vitest';
import { template, type Values } from '../kit/chart.ts';
import { describeNeeding } from '../kit/needs.ts';

const etcd = { endpoints: ['http://10.0.0.1:2379'] };
const tls = { endpoints: ['https://10.0.0.1:2379'] };

/** Values that cannot be right, and what the message must name. */
const wrong: readonly (readonly [string, Values, RegExp])[] = [
  ['neither an etcd nor registries', {}, /etcd\.endpoints is empty and registries\.enabled is false/],
  ['a text for a list', { etcd: { endpoints: 'http://10.0.0.1:2379' } }, /etcd\.endpoints: Invalid type/],
  ['a text for a number', { etcd, replicas: 'two' }, /replicas: Invalid type/],
  ['replicas: 0', { etcd, replicas: 0 }, /replicas: Must be greater than or equal to 1/],
  ['an unknown value', { etcd, replicaCount: 2 }, /Additional property replicaCount is not allowed/],
  [
    'an unknown value in a block',
    { etcd: { ...etcd, endpoint: 'x' } },
    /etcd: Additional property endpoint is not allowed/,
  ],
  ['an unknown kind', { etcd, publish: ['Endpoint'] }, /publish\.0: publish\.0 must be one of/],
  ['a tag for a digest', { etcd, image: { digest: 'v1' } }, /image\.digest: Does not match pattern/],
  [
    'a user in a URL',
    { etcd: { endpoints: ['http://me:secret@10.0.0.1'] } },
    /etcd\.endpoints\.0: Does not match/,
  ],
  ['a monitor that there is not', { etcd, metrics: { monitor: 'Both' } }, /metrics\.monitor/],
  [
    'several replicas that all write',
    { etcd, election: { where: 'off' } },
    /election\.where is off with replicas=2/,
  ],
  [
    'an election in an etcd that nobody names',
    { registries: { enabled: true }, election: { where: 'etcd' } },
    /election\.where is etcd, and neither etcd\.endpoints nor election\.etcd/,
  ],
  ['staleness that nobody could tell of', { etcd, staleSeconds: 60 }, /staleSeconds/],
  [
    'http beside https',
    { etcd: { endpoints: [...etcd.endpoints, ...tls.endpoints] } },
    /https or http for all/,
  ],
  ['certificates without TLS', { etcd: { ...etcd, tls: { secretName: 'x' } } }, /etcd\.tls is set/],
  [
    'half a client certificate',
    { etcd: { ...tls, tls: { secretName: 'x', keyKey: '' } } },
    /etcd\.tls\.keyKey/,
  ],
  [
    'a user without a password',
    { etcd: { ...etcd, auth: { user: 'me' } } },
    /etcd\.auth\.passwordSecretName/,
  ],
  [
    'catalogs in some namespaces',
    { etcd, catalogs: { enabled: true }, watchNamespaces: ['shop'] },
    /catalogs\.enabled makes EtcdServices in every namespace/,
  ],
  ['nobody to run as', { etcd, serviceAccount: { create: false } }, /serviceAccount\.name is needed/],
  [
    'a limit in a wrong unit',
    { etcd, resources: { limits: { memory: '1Zi' } } },
    /resources\.limits\.memory 1Zi/,
  ],
];

describeNeeding('helm', 'the chart', () => {
  it.each(wrong)('refuses %s with a message that names the value', async (_, values, message) => {
    const { code, stderr } = await template(values);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });

  it.each([
    ['256Mi', 179, 4],
    ['512Mi', 358, 4],
    ['1Gi', 716, 8],
    ['1.5Gi', 1075, 8],
    ['4Gi', 2867, 16],
    ['500M', 333, 4],
    [String(512 * 1024 * 1024), 358, 4],
  ])(
    'limits the heap to 70 %% of a memory limit of %s, with room for young objects',
    async (memory, old, young) => {
      const values = { etcd, resources: { limits: { memory } } };
      const { stdout } = await template(values);
      expect(stdout).toContain(`value: --max-old-space-size=${old} --max-semi-space-size=${young}\n`);
    },
  );

  it('limits no heap without a memory limit, or where the user does', async () => {
    const withoutLimit = { etcd, resources: { limits: null } };
    expect((await template(withoutLimit)).stdout).not.toContain('NODE_OPTIONS');
    const own = { etcd, extraEnv: [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=99' }] };
    const { stdout } = await template(own);
    expect(stdout.match(/max-old-space-size=\d+/g)).toEqual(['max-old-space-size=99']);
  });
});
