import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Claim } from '../../src/controller/claims/claim.ts';
import { EndpointsKeeper } from '../../src/controller/publish/endpoints-keeper.ts';
import { OwnWrites, type UnderlyingCache } from '../../src/controller/publish/own-writes.ts';
import { SlicesKeeper, valuesOfSlice } from '../../src/controller/publish/slices-keeper.ts';
import { labels } from '../../src/endpoints/labels.ts';
import type { DesiredEndpoint } from '../../src/endpoints/types.ts';
import {
  ENDPOINT_SLICES,
  ENDPOINTS,
  type EndpointSlice,
  type Endpoints,
  type Service,
} from '../../src/kube/resources.ts';
import { type KubeClient, type KubeObject, objectKey } from '../../src/kube/types.ts';
import { servers } from '../kit/control-plane.ts';
import { kubeRig } from '../kit/kube-rig.ts';
import { createNamespace } from '../kit/namespace.ts';
import { describeNeeding } from '../kit/needs.ts';

/** A cache whose watch has fallen silent: it shows for ever what it was given. */
function silentCache<T extends KubeObject>(objects: readonly T[]): UnderlyingCache<T> {
  return {
    get: (key) => objects.find(({ metadata }) => objectKey(metadata) === key),
    onChange: () => () => undefined,
    index: (valuesOf) => ({
      get: (value) => objects.filter((object) => valuesOf(object).includes(value)),
    }),
  };
}

function ownWrites<T extends KubeObject>(objects: readonly T[], valuesOf?: (object: T) => readonly string[]) {
  const own = new OwnWrites(silentCache(objects), systemClock, valuesOf);
  onTestFinished(() => own.close());
  return own;
}

interface Shop {
  readonly client: KubeClient;
  readonly claim: Claim;
  readonly service: Service;
  /** A leader that knows these slices, whatever stands. */
  keeperOf(known: readonly EndpointSlice[]): SlicesKeeper;
  slices(): Promise<readonly EndpointSlice[]>;
}

async function openShop(): Promise<Shop> {
  const { client } = kubeRig({ kubeconfig: servers().credentials.kubeconfigPath });
  const { name: namespace, remove } = await createNamespace();
  onTestFinished(() => remove());
  const metadata = { namespace, name: 'web' };
  // Of the claim and the Service, only what the keepers ask for is needed.
  const claim = {
    object: { metadata: { ...metadata, uid: 'u' } },
    spec: { service: {} },
    namespace,
    serviceName: 'web',
    key: objectKey(metadata),
    owners: [],
    isOurs: (object: KubeObject) => object.metadata.labels?.[labels.etcdService] === 'web',
    assertSameTerm: () => undefined,
  } as unknown as Claim;
  const service: Service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ipFamilies: ['IPv4'] } };
  return {
    client,
    claim,
    service,
    keeperOf: (known) =>
      new SlicesKeeper({
        slices: ownWrites(known, valuesOfSlice),
        reader: client,
        writer: client,
        maxEndpoints: 3,
      }),
    slices: () => client.list(ENDPOINT_SLICES, { namespace }),
  };
}

const hosts = (...numbers: readonly number[]): readonly DesiredEndpoint[] =>
  numbers.map((host) => ({
    address: `10.0.0.${host}`,
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
    ready: true,
  }));

const addresses = (slices: readonly EndpointSlice[]): readonly string[] =>
  slices
    .flatMap(({ endpoints }) => (endpoints ?? []).flatMap((endpoint) => endpoint.addresses))
    .toSorted((a, b) => (a < b ? -1 : 1));

describeNeeding('discovery.k8s.io/v1', 'a leader whose watch has fallen silent', () => {
  it('deletes no slice that holds meanwhile what it wants, and plans anew from what stands', async () => {
    const { claim, service, slices, keeperOf } = await openShop();
    await keeperOf([]).ensure(claim, service, hosts(1, 2, 3, 4, 5, 6));
    const before = await slices();
    // Another leader draws what is left together: 4 moves into the slice of 1 and 2, and its own goes.
    await keeperOf(before).ensure(claim, service, hosts(1, 2, 4));
    expect(await slices()).toHaveLength(1);

    const late = keeperOf(before);
    const seen: (readonly string[])[] = [];
    const attempt = async (): Promise<unknown> => {
      try {
        return await late.ensure(claim, service, hosts(4, 5, 6));
      } finally {
        seen.push(addresses(await slices()));
      }
    };

    await expect(attempt()).rejects.toMatchObject({ code: 'KUBE_CONFLICT' });
    await attempt();
    for (const published of seen) {
      expect(published).toContain('10.0.0.4');
    }
    expect(seen.at(-1)).toEqual(['10.0.0.4', '10.0.0.5', '10.0.0.6']);
  });

  it('knows of slices what stands once it has looked again: what was removed, what was added, and what is gone', async () => {
    const { claim, service, slices, keeperOf } = await openShop();
    await keeperOf([]).ensure(claim, service, hosts(1, 2, 3, 4));
    const before = await slices();
    await keeperOf(before).ensure(claim, service, hosts(1, 5));
    const late = keeperOf(before);
    expect(addresses(late.own(claim))).toHaveLength(4);

    await late.lookAgain(claim);

    expect(addresses(late.own(claim))).toEqual(['10.0.0.1', '10.0.0.5']);
  });
});

describeNeeding('discovery.k8s.io/v1', 'a slice that somebody has deleted and a finalizer keeps', () => {
  it('stands no more: another one takes its place, under another name, and it is left alone', async () => {
    const { client, claim, service, slices, keeperOf } = await openShop();
    await keeperOf([]).ensure(claim, service, hosts(1, 2));
    const [made] = await slices();
    if (made === undefined) {
      throw new Error('No slice has been made');
    }
    const finalizers = ['test.etcd-endpoints.io/keep'];
    await client.mergePatch(ENDPOINT_SLICES, made.metadata, { metadata: { finalizers } });
    const [kept = made] = await slices();
    await client.delete(ENDPOINT_SLICES, kept.metadata);
    const known = await slices();
    expect(known).toMatchObject([{ metadata: { deletionTimestamp: expect.any(String) } }]);

    const keeper = keeperOf(known);
    expect(keeper.own(claim)).toEqual([]);
    await keeper.ensure(claim, service, hosts(1, 3));

    const [left, next] = (await slices()).toSorted((a) => (a.metadata.uid === made.metadata.uid ? -1 : 1));
    expect(addresses(left === undefined ? [] : [left])).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(addresses(next === undefined ? [] : [next])).toEqual(['10.0.0.1', '10.0.0.3']);
    expect(await keeper.ensure(claim, service, hosts(1, 3))).toBe(false);
    await client.mergePatch(ENDPOINT_SLICES, made.metadata, { metadata: { finalizers: null } });
  });
});

describe('a leader whose watch has fallen silent', () => {
  it('deletes no Endpoints that have changed since', async () => {
    const { client, claim } = await openShop();
    const metadata = { namespace: claim.namespace, name: 'web', labels: { [labels.etcdService]: 'web' } };
    const first: Endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata };
    const known = await client.create(ENDPOINTS, first);
    const subsets = [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }];
    const changed = await client.update(ENDPOINTS, { ...known, subsets });
    const endpoints = ownWrites([known]);
    const keeper = new EndpointsKeeper({ endpoints, reader: client, writer: client });

    await expect(keeper.remove(claim, known)).rejects.toMatchObject({ code: 'KUBE_CONFLICT' });

    expect(keeper.standing(claim)).toEqual(changed);
    await keeper.remove(claim, changed);
    expect(await client.get(ENDPOINTS, 'web', claim.namespace)).toBeUndefined();
  });

  it('knows of Endpoints what stands once it has looked again', async () => {
    const { client, claim } = await openShop();
    const metadata = { namespace: claim.namespace, name: 'web', labels: { [labels.etcdService]: 'web' } };
    const known = await client.create(ENDPOINTS, { apiVersion: 'v1', kind: 'Endpoints', metadata });
    const changed = await client.update(ENDPOINTS, {
      ...known,
      subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }],
    });
    const keeper = new EndpointsKeeper({ endpoints: ownWrites([known]), reader: client, writer: client });
    expect(keeper.standing(claim)).toEqual(known);

    await keeper.lookAgain(claim);
    expect(keeper.standing(claim)).toEqual(changed);

    await client.delete(ENDPOINTS, changed.metadata);
    await keeper.lookAgain(claim);
    expect(keeper.standing(claim)).toBeUndefined();
  });
});
