import { beforeAll, expect, it } from 'vitest';
import type { Values } from '../kit/chart.ts';
import { ChartRelease } from '../kit/chart-release.ts';
import { eventually } from '../kit/eventually.ts';
import {
  type AllowedRequest,
  allowedRequests,
  type Grant,
  grantsOf,
  grantText,
  isUse,
  roleWithout,
} from '../kit/granted.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import { RegistryObjects } from '../kit/registry-objects.ts';
import type { Scene } from '../kit/scene.ts';

describeNeeding('helm', 'of the rights that the chart gives the controller', () => {
  describeNeeding('server >= 1.30', 'in a cluster with all kinds', () => {
    let own: OwnPlane;
    let tenant: Scene;

    beforeAll(async () => {
      own = await startOwnPlane({ auditLog: 'with reads' });
      tenant = await own.newNamespace();
      return () => own.stop();
    });

    /** Makes the controller write, change and take away all that it publishes. */
    async function serve(name: string): Promise<void> {
      const { objects, registrar } = tenant;
      await tenant.defineWith(name, ['10.0.0.1:80']);
      // Without its label a slice is out of sight, but has the name of the one that is made in its place.
      const [slice] = await tenant.slices(name);
      await objects.change('endpointslices', slice.metadata.name, ({ metadata }) => {
        delete metadata.labels['etcd-endpoints.io/etcdservice'];
      });
      await eventually(async () => expect(await tenant.condition(name, 'Ready')).toMatch(/^False/));
      await objects.delete('endpointslices', slice.metadata.name);
      await tenant.untilReady(name);
      for (const team of ['shop', 'office']) {
        await tenant.redefine(name, { service: { labels: { team } } });
        await eventually(async () => {
          expect((await objects.get('services', name)).metadata.labels).toMatchObject({ team });
        });
      }
      await registrar.put({ [`/services/${name}/2`]: '10.0.0.2:8080' });
      await tenant.untilInSlices(name, ['10.0.0.1:80', '10.0.0.2:8080']);
      await registrar.delete(`/services/${name}/2`);
      await eventually(async () => expect(await tenant.slices(name)).toHaveLength(1));
      await tenant.redefine(name, { publish: ['EndpointSlice'] });
      await eventually(async () => expect(await objects.get('endpoints', name)).toBeUndefined());
    }

    /** An EtcdRegistry whose Secret is not there, comes, and goes, and that is granted to an EtcdService by labels of its namespace. */
    async function connect(): Promise<void> {
      const registries = new RegistryObjects(own.scene.objects);
      const { endpoints } = own.scene.registry;
      const untilAbsent = (): Promise<string> =>
        registries.untilCondition('other', 'Connected', 'False/SecretNotFound');
      await registries.create('other', {
        endpoints: [...endpoints],
        userSecretRef: { name: 'other' },
        grants: [{ namespaces: { selector: { matchLabels: { team: 'shop' } } }, prefixes: ['/shop/'] }],
      });
      await untilAbsent();
      await registries.createSecret('other', 'other', { username: 'me' });
      await registries.untilCondition('other', 'Connected', 'False/SecretIncomplete');
      await own.scene.objects.delete('secrets', 'other');
      await untilAbsent();
      await tenant.define('of-other', { registryRef: { name: 'other' } });
      await tenant.untilReady('of-other', 'False/RegistryNotGranted');
      await tenant.objects.delete('etcdservices', 'of-other');
      await registries.delete('other');
    }

    /** An EtcdCatalog whose EtcdService comes, is changed and goes with it. */
    async function generate(release: ChartRelease): Promise<void> {
      const { namespace, objects, registrar } = tenant;
      const catalog = (port: number): AnyObject => ({
        apiVersion: 'etcd-endpoints.io/v1alpha1',
        kind: 'EtcdCatalog',
        metadata: { name: 'all' },
        spec: {
          pattern: '/catalog/{service}/{instance}',
          namespaces: [{ name: namespace }],
          template: { spec: { ports: [{ port }] } },
        },
      });
      await registrar.put({ '/catalog/found/1': '10.0.0.1:80' });
      for (const port of [80, 81]) {
        await release.manifests.apply(catalog(port));
        await eventually(async () => {
          expect((await objects.get('etcdservices', 'found')).spec.ports).toMatchObject([{ port }]);
        });
      }
      await release.manifests.call('DELETE', await release.manifests.pathOf(catalog(80)));
      await eventually(async () => expect(await objects.get('etcdservices', 'found')).toBeUndefined());
    }

    /** The roles of the controller itself, as they stand. */
    async function rolesOf(release: ChartRelease): Promise<readonly AnyObject[]> {
      const rendered = await release.rendered();
      return rendered.filter(
        ({ kind, metadata }) =>
          ['Role', 'ClusterRole'].includes(kind) && !/-(view|edit|verify)$/.test(metadata.name),
      );
    }

    async function isAllowed(request: AllowedRequest): Promise<boolean> {
      const { user, role: _, ...resourceAttributes } = request;
      const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
      const spec = { user: user.username, groups: user.groups, resourceAttributes };
      const { json } = await own.scene.objects.call('POST', path, { spec });
      return json.status.allowed;
    }

    /** Whether a request that the controller has made is refused as soon as the grant is missing, with all others in force. */
    async function isMissed(release: ChartRelease, grant: Grant, request: AllowedRequest): Promise<boolean> {
      await release.manifests.apply(roleWithout(grant));
      try {
        await eventually(async () => expect(await isAllowed(request)).toBe(false), { timeoutMs: 5000 });
        return true;
      } catch {
        return false;
      } finally {
        await release.manifests.apply(grant.role);
      }
    }

    it.each<[string, (served: string) => Values]>([
      [
        'with registries, catalogs and names of Nodes, elected by a Lease',
        () => ({
          registries: { enabled: true },
          catalogs: { enabled: true },
          nodeNames: true,
          election: { where: 'kubernetes' },
        }),
      ],
      ['in all namespaces', () => ({})],
      [
        'in one namespace, with registries',
        (served) => ({ watchNamespaces: [served], registries: { enabled: true } }),
      ],
    ])(
      'each is used %s, and without it the controller is refused what it did',
      async (_, valuesFor) => {
        const values = valuesFor(tenant.namespace);
        const release = await ChartRelease.install(own, values);
        const username = `system:serviceaccount:${release.namespace}:etcd-endpoints`;
        const before = (await allowedRequests(own.plane.auditLog, username)).length;
        const controller = await release.startPod();
        await Promise.all([
          serve(`web-${before}`),
          ...('registries' in values ? [connect()] : []),
          ...('catalogs' in values ? [generate(release)] : []),
        ]);

        const grants = grantsOf(await rolesOf(release));
        const uses = await eventually(async () => {
          const requests = (await allowedRequests(own.plane.auditLog, username)).slice(before);
          const found = grants.map((grant) => requests.find((request) => isUse(grant, request)));
          expect(grants.filter((_grant, index) => found[index] === undefined).map(grantText)).toEqual([]);
          return found;
        });
        await controller.stop();

        const superfluous: string[] = [];
        for (const [index, grant] of grants.entries()) {
          const request = uses[index];
          if (request !== undefined && !(await isMissed(release, grant, request))) {
            superfluous.push(grantText(grant));
          }
        }
        expect(superfluous).toEqual([]);
        expect(grants.length).toBeGreaterThan(20);
      },
      240_000,
    );
  });
});
