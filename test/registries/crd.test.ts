import { beforeAll, expect, it } from 'vitest';
import type { EtcdRegistry } from '../../src/api/etcd-registry.ts';
import { parseRegistrySpec } from '../../src/api/parse.ts';
import { installCrds } from '../kit/crd.ts';
import { etcdRegistry, registryExamples } from '../kit/etcd-registries.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';

const collection = '/apis/etcd-endpoints.io/v1alpha1/etcdregistries';
let plane: OwnPlane;

beforeAll(async () => {
  plane = await startOwnPlane();
  await installCrds(plane.plane.credentials);
  return () => plane.stop();
}, 120_000);

/** Creates and deletes the object; the answer is that to the creation. */
async function submit(object: EtcdRegistry) {
  const { objects } = plane.scene;
  const created = await objects.call('POST', collection, object);
  await objects.call('DELETE', `${collection}/${object.metadata.name}`);
  return created;
}

it('an EtcdRegistry has the same defaults in the apiserver as in the controller', async () => {
  const object = etcdRegistry('defaults', {
    guard: {},
    grants: [{ namespaces: { selector: {} }, prefixes: [''] }],
  });
  const { json } = await submit(object);
  expect(parseRegistrySpec(object)).toEqual({ ok: { root: '', ...json.spec } });
});

it('an EtcdRegistry is served under its short name, in no namespace', async () => {
  const { json } = await plane.scene.objects.call('GET', '/apis/etcd-endpoints.io/v1alpha1');
  expect(json.resources).toContainEqual(
    expect.objectContaining({ name: 'etcdregistries', shortNames: ['etcdreg'], namespaced: false }),
  );
});

it.each([
  ['a URL with a password', { endpoints: ['http://user:pass@a:1'] }],
  ['a URL without a port', { endpoints: ['http://a'] }],
  ['no endpoint', { endpoints: [] }],
  [
    'a prefix in which a hyphen follows the namespace',
    { grants: [{ namespaces: { selector: {} }, prefixes: ['/{namespace}-'] }] },
  ],
  ['a grant without a prefix', { grants: [{ namespaces: { selector: {} }, prefixes: [] }] }],
  ['a zone that no Node can have', { zones: [{ cidr: '10.0.0.0/8', zone: 'a b' }] }],
])('an EtcdRegistry cannot have %s', async (_, spec) => {
  const object = etcdRegistry('shape', spec);
  expect((await submit(object)).status).toBe(422);
  expect(parseRegistrySpec(object)).toHaveProperty('problems');
});

describeNeeding('server >= 1.25', 'the apiserver', () => {
  const all = registryExamples.flatMap(({ title, examples }) =>
    examples.map((example) => ({ title, example })),
  );

  it.each(all)('accepts what the rule allows: $title', async ({ example }) => {
    const { status, json } = await submit(example.valid);
    expect(status, JSON.stringify(json)).toBe(201);
  });

  it.each(all)('refuses what breaks the rule: $title', async ({ title, example }) => {
    const { status, json } = await submit(example.invalid);
    expect(json.message).toContain(title);
    expect(status).toBe(422);
  });
});
