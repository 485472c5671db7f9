import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EtcdService } from '../../src/api/etcd-service.ts';
import { parseSpec } from '../../src/api/parse.ts';
import { kube, servers, tryKube } from '../kit/control-plane.ts';
import { installCrd } from '../kit/crd.ts';
import { etcdService, ruleExamples } from '../kit/etcd-services.ts';
import { createNamespace, type TestNamespace } from '../kit/namespace.ts';
import { describeNeeding } from '../kit/needs.ts';

let namespace: TestNamespace;
let collection: string;

beforeAll(async () => {
  await installCrd();
  namespace = await createNamespace('crd');
  collection = `/apis/etcd-endpoints.io/v1alpha1/namespaces/${namespace.name}/etcdservices`;
});

afterAll(() => namespace.remove());

/** Creates and deletes the object; the answer is that to the creation, or to the update where there was an object before. */
async function submit(object: EtcdService, before: EtcdService = object) {
  const path = `${collection}/${object.metadata.name}`;
  const created = await tryKube('POST', collection, before);
  if (created.status !== 201) {
    return created;
  }
  const { resourceVersion } = created.json.metadata;
  const updated = await tryKube('PUT', path, {
    ...object,
    metadata: { ...object.metadata, resourceVersion },
  });
  await kube('DELETE', path);
  return updated;
}

describe('the CRD of EtcdService', () => {
  it('has a structural schema', async () => {
    const crd = await kube(
      'GET',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/etcdservices.etcd-endpoints.io',
    );
    expect(crd.status.conditions).not.toContainEqual(
      expect.objectContaining({ type: 'NonStructuralSchema', status: 'True' }),
    );
  });

  it('is served under its short name and its category', async () => {
    const { resources } = await kube('GET', '/apis/etcd-endpoints.io/v1alpha1');
    expect(resources).toContainEqual(
      expect.objectContaining({
        name: 'etcdservices',
        shortNames: ['etcdsvc'],
        categories: ['etcd-endpoints'],
      }),
    );
  });

  it('fills in the same defaults as the controller', async () => {
    const object = etcdService('defaults', {
      prefix: '/services/web',
      ports: [{ name: 'http', port: 80 }],
      format: 'json',
      json: { ready: { path: '.up' } },
      guard: {},
      topology: {},
    });
    const { spec } = await kube('POST', collection, object);
    expect(parseSpec(object)).toEqual({ ok: spec });
  });

  it('prints service, prefix, endpoints, those held, readiness and age, and the reason when asked for more', async () => {
    const object = etcdService('printed', { prefix: '/services/printed' });
    await kube('POST', collection, object);
    const now = new Date().toISOString();
    await kube('PUT', `${collection}/printed/status`, {
      ...(await kube('GET', `${collection}/printed`)),
      status: {
        serviceName: 'printed',
        summary: '2/3',
        conditions: [
          { type: 'Ready', status: 'True', reason: 'Published', message: 'So', lastTransitionTime: now },
        ],
      },
    });
    const table = await getTable(`${collection}/printed`);
    const columns = table.columnDefinitions.map(({ name, priority }) => (priority > 0 ? `(${name})` : name));
    expect(columns).toEqual(['Name', 'Service', 'Prefix', 'Endpoints', 'Held', 'Ready', '(Reason)', 'Age']);
    expect(table.rows[0]?.cells.slice(0, -1)).toEqual([
      'printed',
      'printed',
      '/services/printed',
      '2/3',
      null,
      'True',
      'Published',
    ]);
  });

  it('keeps the status when the spec is written, and the spec when the status is', async () => {
    const created = await kube('POST', collection, etcdService('parts', { prefix: '/a' }));
    const withStatus = await kube('PUT', `${collection}/parts/status`, {
      ...created,
      spec: { prefix: '/b' },
      status: { serviceName: 'parts' },
    });
    expect(withStatus).toMatchObject({ spec: { prefix: '/a' }, status: { serviceName: 'parts' } });
    const withSpec = await kube('PUT', `${collection}/parts`, {
      ...withStatus,
      spec: { prefix: '/c' },
      status: { serviceName: 'other' },
    });
    expect(withSpec).toMatchObject({ spec: { prefix: '/c' }, status: { serviceName: 'parts' } });
  });
});

describe('an EtcdService', () => {
  it.each([
    ['a target port that is a number', { ports: [{ port: 80, targetPort: 8080 }] }],
    ['a target port that is a name', { ports: [{ port: 80, targetPort: 'http', defaultTargetPort: 8080 }] }],
    ['ranges', { filter: { cidrs: ['10.0.0.0/8', 'fd00::/8'], excludeCIDRs: ['10.1.0.0/16'] } }],
    ['labels and annotations', { service: { labels: { 'a.b/c': 'd' }, annotations: { e: 'f g' } } }],
    ['a quoted path', { format: 'json', json: { address: ".nodes[0]['host.ip']", items: '.' } }],
    ['both kinds to publish in', { publish: ['EndpointSlice', 'Endpoints'] }],
    ['a guard', { guard: { maxRemovalPercent: 100, ignoreBelow: 1, onEmpty: 'Publish', verify: 'HTTP' } }],
    ['a time to drain', { drainSeconds: 3600 }],
    [
      'zones',
      { topology: { zone: { path: ".tags['zone']", values: { 'rack 7': 'eu-1a' } }, hints: 'Zone' } },
    ],
    ['families', { service: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] } }],
    ['mode Observe', { mode: 'Observe' }],
    ['mode Paused', { mode: 'Paused', publish: ['Endpoints'] }],
  ])('may have %s', async (_, spec) => {
    const object = etcdService('shape', { prefix: '/services/web', ...spec });
    expect((await submit(object)).json).toMatchObject({ spec });
    expect(parseSpec(object)).toHaveProperty('ok');
  });

  it.each([
    ['a kind to publish in twice', { publish: ['Endpoints', 'Endpoints'] }],
    ['no kind to publish in', { publish: [] }],
    ['a guard that lets nothing go', { guard: { maxRemovalPercent: 0 } }],
    ['a guard beyond all', { guard: { maxRemovalPercent: 101 } }],
    ['a hold of more than a day', { guard: { holdSeconds: 86_401 } }],
    ['another way to verify', { guard: { verify: 'UDP' } }],
    ['a negative time to drain', { drainSeconds: -1 }],
    ['a zone that is no label value', { topology: { zone: { path: '.zone', values: { a: 'rack 7' } } } }],
    [
      'a third family',
      { service: { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6', 'IPv4'] } },
    ],
    ['a family that there is not', { service: { ipFamilies: ['IPv5'] } }],
    ['a target port of 0', { ports: [{ port: 80, targetPort: 0 }] }],
    ['a target port of 65536', { ports: [{ port: 80, targetPort: 65_536 }] }],
    ['a target port that is a number as text', { ports: [{ port: 80, targetPort: '8080' }] }],
    ['a port of 0', { ports: [{ port: 0 }] }],
    ['a port that is a text', { ports: [{ port: '80' }] }],
    ['no ports in its list of ports', { ports: [] }],
    [
      'a port and protocol twice',
      {
        ports: [
          { name: 'a', port: 1 },
          { name: 'b', port: 1, protocol: 'TCP' },
        ],
      },
    ],
    ['a port name in capitals', { ports: [{ name: 'HTTP', port: 1 }] }],
    ['101 ports', { ports: Array.from({ length: 101 }, (_, i) => ({ name: `p${i}`, port: i + 1 })) }],
    ['an empty prefix', { prefix: '' }],
    ['a prefix of 1025 characters', { prefix: 'a'.repeat(1025) }],
    ['a range without bits', { filter: { cidrs: ['10.0.0.0'] } }],
    ['a path without a dot', { format: 'json', json: { address: 'ip' } }],
    ['an unknown format', { format: 'yaml' }],
    ['an unknown operator', { filter: { matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] } }],
    ['a layout with an open brace', { layout: '{zone' }],
    ['a service name of 64 characters', { service: { name: 'a'.repeat(64) } }],
    ['an unknown kind to publish', { publish: ['Ingress'] }],
  ])('cannot have %s', async (_, spec) => {
    const object = etcdService('shape', { prefix: '/services/web', ...spec });
    expect((await submit(object)).status).toBe(422);
    expect(parseSpec(object)).toHaveProperty('problems');
  });
});

describeNeeding('server >= 1.25', 'the apiserver', () => {
  it.each(examplesOfRules())('accepts what the rule allows: $title', async ({ example }) => {
    const { status, json } = await submit(example.valid, example.before);
    expect(json).not.toHaveProperty('message');
    expect(status).toBe(200);
  });

  it.each(examplesOfRules())('refuses what breaks the rule: $title', async ({ title, example }) => {
    const { status, json } = await submit(example.invalid, example.before);
    expect(json.message).toContain(title);
    expect(status).toBe(422);
  });
});

function examplesOfRules() {
  return ruleExamples.flatMap(({ title, examples }) => examples.map((example) => ({ title, example })));
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

/** What kubectl asks for: the apiserver fills the columns. */
function getTable(path: string): Promise<Table> {
  const { server, caPem, certPem, keyPem } = servers().credentials;
  const headers = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };
  return new Promise((resolve, reject) => {
    const call = request(
      new URL(path, server),
      { ca: caPem, cert: certPem, key: keyPem, headers },
      (response) => {
        response.toArray().then((chunks) => resolve(JSON.parse(Buffer.concat(chunks).toString())), reject);
      },
    );
    call.on('error', reject).end();
  });
}
