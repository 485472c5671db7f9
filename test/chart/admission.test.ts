import { beforeAll, beforeEach, expect, it } from 'vitest';
import { ChartRelease } from '../kit/chart-release.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject, KubeObjects } from '../kit/kube-objects.ts';
import { type Answer, Manifests } from '../kit/manifests.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import type { Scene } from '../kit/scene.ts';
import { tokenOf } from '../kit/service-account.ts';

const ours = 'etcd-endpoints.io/etcdservice';
const managedBy = 'endpointslice.kubernetes.io/managed-by';
const adoptable = { 'etcd-endpoints.io/adoptable': 'true' };
const adopt = { creationPolicy: 'Adopt' } as const;

describeNeeding('helm', 'the chart', () => {
  describeNeeding('server >= 1.30', 'with RBAC and admission policy on', () => {
    let own: OwnPlane;
    let release: ChartRelease;
    let scene: Scene;
    let objects: KubeObjects;

    beforeAll(async () => {
      own = await startOwnPlane();
      release = await ChartRelease.install(own);
      await untilInForce();
      return () => own.stop();
    });

    beforeEach(async () => {
      scene = await own.newNamespace();
      ({ objects } = scene);
    });

    async function thief(): Promise<Manifests> {
      const { server, caPem } = own.plane.credentials;
      const token = await tokenOf(release.manifests, release.namespace, 'etcd-endpoints');
      return new Manifests({ server, caPem, token });
    }

    /** The apiserver learns of a policy a moment after it is written. */
    async function untilInForce(): Promise<void> {
      const body = { metadata: { name: 'probe', labels: {} }, subsets: [] };
      await eventually(async () => {
        const { status } = await (await thief()).call(
          'POST',
          '/api/v1/namespaces/default/endpoints?dryRun=All',
          body,
        );
        expect(status).toBe(403);
      });
    }

    const inSlices = (name: string, labels: object, annotations = {}): object => ({
      metadata: { name, labels: { 'kubernetes.io/service-name': 'web', ...labels }, annotations },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.9'] }],
      ports: [{ name: '', port: 80 }],
    });

    const slicePath = (name = ''): string =>
      `/apis/discovery.k8s.io/v1/namespaces/${scene.namespace}/endpointslices/${name}`;
    const corePath = (plural: string, name = ''): string =>
      `/api/v1/namespaces/${scene.namespace}/${plural}/${name}`;

    /** Writes an object back with a change, in the thief's name. */
    async function overwrite(path: string, change: (object: AnyObject) => void): Promise<Answer> {
      const { json } = await objects.call('GET', path);
      change(json);
      return await (await thief()).call('PUT', path, json);
    }

    async function merge(path: string, patch: object): Promise<Answer> {
      return await (await thief()).call('PATCH', path, patch, 'application/merge-patch+json');
    }

    function expectRefused({ status, json }: Answer): void {
      expect(status, JSON.stringify(json)).toBe(403);
      expect(json.message).toContain('ValidatingAdmissionPolicy');
    }

    it('lets the controller do its whole job as its ServiceAccount', async () => {
      await release.startPod();
      await scene.defineWith('web', ['10.0.0.1:80', '10.0.0.2:80']);
      await scene.untilInSlices('web', ['10.0.0.1:80', '10.0.0.2:80']);
      await scene.untilPublished('web', ['10.0.0.1:80', '10.0.0.2:80']);

      await scene.registrar.put({ '/services/web/3': '10.0.0.3:8080' });
      await scene.untilInSlices('web', ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:8080']);
      await scene.redefine('web', { publish: ['EndpointSlice'], service: { labels: { team: 'shop' } } });
      await eventually(async () => {
        expect(await objects.get('endpoints', 'web')).toBeUndefined();
        expect((await objects.get('services', 'web')).metadata.labels).toMatchObject({ team: 'shop' });
      });
      await scene.registrar.delete('/services/web/3');
      await scene.untilInSlices('web', ['10.0.0.1:80', '10.0.0.2:80']);
      expect(await scene.untilEvent('web', 'Normal ServiceCreated')).toContain('web');
    });

    it('lets it fill a Service of others, and adopt what its owner has marked, whatever it is', async () => {
      await objects.create('services', 'filled', { spec: { ports: [{ port: 80 }] } });
      await objects.create('services', 'adopted', {
        metadata: { name: 'adopted', annotations: adoptable },
        spec: { ports: [{ port: 80 }] },
      });
      await objects.create('endpoints', 'adopted', {
        metadata: { name: 'adopted', annotations: adoptable },
        subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }],
      });
      await objects.create('endpointslices', 'by-hand', {
        ...inSlices('by-hand', { 'kubernetes.io/service-name': 'adopted', [managedBy]: 'staff' }, adoptable),
      });
      await objects.create('services', 'converted', {
        metadata: { name: 'converted', annotations: adoptable },
        spec: { type: 'ExternalName', externalName: 'shop.example.com' },
      });
      await release.startPod();

      await scene.defineWith('filled', ['10.0.0.1:80']);
      await scene.defineWith('adopted', ['10.0.0.1:80'], { service: adopt });
      await scene.defineWith('converted', ['10.0.0.1:80'], { service: adopt });

      for (const name of ['filled', 'adopted', 'converted']) {
        await scene.untilInSlices(name, ['10.0.0.1:80']);
      }
      expect(await objects.get('endpointslices', 'by-hand')).toBeUndefined();
      expect((await objects.get('services', 'converted')).spec.type).toBe('ClusterIP');
    });

    it('lets it adopt nothing that is not marked, and says how it would be', async () => {
      await objects.create('services', 'legacy', { spec: { ports: [{ port: 80 }] } });
      await objects.create('endpoints', 'legacy', {
        subsets: [{ addresses: [{ ip: '10.0.0.7' }], ports: [{ port: 80 }] }],
      });
      await release.startPod();
      await scene.registrar.put({ '/services/legacy/1': '10.0.0.1:80' });
      await scene.define('legacy', { service: adopt });

      const message = await scene.untilReady('legacy', 'False/WriteFailed');
      expect(message).toContain('their owner gives them the annotation etcd-endpoints.io/adoptable: "true"');
      expect(await scene.published('legacy')).toEqual(['10.0.0.7:80']);

      for (const plural of ['endpoints', 'services']) {
        await objects.change(plural, 'legacy', ({ metadata }) => {
          metadata.annotations = adoptable;
        });
      }
      await eventually(async () => expect(await scene.published('legacy')).toEqual(['10.0.0.1:80']), {
        timeoutMs: 60_000,
        intervalMs: 250,
      });
    });

    it('keeps whoever has stolen the token from EndpointSlices of others', async () => {
      await objects.create('endpointslices', 'foreign', inSlices('foreign', { [managedBy]: 'staff' }));
      // As Kubernetes copies our label from Endpoints.
      const mirrored = { [ours]: 'web', [managedBy]: 'endpointslicemirroring-controller.k8s.io' };
      await objects.create('endpointslices', 'mirrored', inSlices('mirrored', mirrored));

      for (const name of ['foreign', 'mirrored']) {
        const toUs = await overwrite(slicePath(name), ({ metadata, endpoints }) => {
          Object.assign(metadata.labels, { [ours]: 'web', [managedBy]: 'etcd-endpoints.io' });
          endpoints[0].addresses = ['10.6.6.6'];
        });
        expectRefused(toUs);
        expectRefused(await (await thief()).call('DELETE', slicePath(name)));
      }
      expectRefused(
        await overwrite(slicePath('foreign'), ({ metadata }) => {
          metadata.annotations = adoptable;
        }),
      );
      expect((await objects.get('endpointslices', 'foreign')).endpoints[0].addresses).toEqual(['10.0.0.9']);
    });

    it('keeps whoever has stolen the token from making objects without our label', async () => {
      const token = await thief();
      const forged = {
        ...inSlices('forged', { [managedBy]: 'endpointslice-controller.k8s.io', [ours]: 'web' }),
      };
      expectRefused(await token.call('POST', slicePath(), forged));
      expectRefused(await token.call('POST', slicePath(), inSlices('unmarked', {})));
      expectRefused(await token.call('POST', corePath('endpoints'), { metadata: { name: 'unmarked' } }));
      expectRefused(
        await token.call('POST', corePath('services'), {
          metadata: { name: 'unmarked' },
          spec: { ports: [{ port: 80 }] },
        }),
      );
      const own = inSlices('own', { [managedBy]: 'etcd-endpoints.io', [ours]: 'web' });
      expect((await token.call('POST', slicePath(), own)).status).toBe(201);
      expectRefused(
        await overwrite(slicePath('own'), ({ metadata }) => {
          delete metadata.labels[ours];
        }),
      );
    });

    it('keeps whoever has stolen the token from Endpoints of others', async () => {
      await objects.create('endpoints', 'foreign', {
        subsets: [{ addresses: [{ ip: '10.0.0.9' }], ports: [{ port: 80 }] }],
      });
      const toUs = await overwrite(corePath('endpoints', 'foreign'), (endpoints) => {
        endpoints.metadata.labels = { [ours]: 'web' };
        endpoints.subsets[0].addresses = [{ ip: '10.6.6.6' }];
      });
      expectRefused(toUs);
      expectRefused(await (await thief()).call('DELETE', corePath('endpoints', 'foreign')));
    });

    it('keeps whoever has stolen the token from Services of others, adopted ones too', async () => {
      const spec = { selector: { app: 'web' }, ports: [{ port: 80 }] };
      await objects.create('services', 'foreign', { spec });
      await objects.create('services', 'marked', {
        metadata: { name: 'marked', annotations: adoptable },
        spec,
      });
      const marks = { labels: { [ours]: 'web' }, annotations: { 'etcd-endpoints.io/adopted': 'true' } };
      const redirected = { spec: { selector: { app: 'thief' } } };

      expectRefused(await merge(corePath('services', 'foreign'), { metadata: marks }));
      expectRefused(await merge(corePath('services', 'foreign'), redirected));
      expectRefused(await merge(corePath('services', 'marked'), { metadata: marks, ...redirected }));
      expectRefused(await merge(corePath('services', 'marked'), { metadata: { labels: { [ours]: 'web' } } }));
      expectRefused(
        await merge(corePath('services', 'marked'), {
          metadata: {
            ...marks,
            annotations: { ...marks.annotations, 'example.com/load-balancer': 'public' },
          },
        }),
      );
      expect((await merge(corePath('services', 'marked'), { metadata: marks })).status).toBe(200);
      expectRefused(await merge(corePath('services', 'marked'), redirected));
      const unmark = { metadata: { annotations: { 'etcd-endpoints.io/adopted': null } } };
      expectRefused(await merge(corePath('services', 'marked'), unmark));
      const { status, json } = await (await thief()).call('DELETE', corePath('services', 'marked'));
      expect(status, json.message).toBe(403);
    });

    it('keeps whoever has stolen the token from taking traffic with a Service of its own', async () => {
      const token = await thief();
      const make = (name: string, spec: object, more = {}): Promise<Answer> =>
        token.call('POST', corePath('services'), {
          metadata: { name, labels: { [ours]: name }, ...more },
          spec: { ports: [{ port: 443 }], ...spec },
        });
      expect((await make('plain', {})).status).toBe(201);
      expect((await make('headless', { clusterIP: 'None' })).status).toBe(201);

      expectRefused(await make('outside', { externalIPs: ['203.0.113.7'] }));
      expectRefused(await make('named', { type: 'ExternalName', externalName: 'thief.example.com' }));
      expectRefused(await make('balanced', { type: 'LoadBalancer', loadBalancerIP: '203.0.113.9' }));
      expectRefused(await make('noded', { type: 'NodePort' }));
      expectRefused(await make('pods', { selector: { app: 'thief' } }));
      expectRefused(await make('stuck', {}, { finalizers: ['example.com/stuck'] }));
      for (const change of [
        { spec: { externalIPs: ['203.0.113.8'] } },
        { spec: { type: 'NodePort' } },
        { spec: { selector: { app: 'thief' } } },
        { metadata: { finalizers: ['example.com/stuck'] } },
      ]) {
        expectRefused(await merge(corePath('services', 'plain'), change));
      }
    });

    it('lets the controller keep a Service to which others have added what it would not', async () => {
      await release.startPod();
      await scene.defineWith('shared', ['10.0.0.1:80']);
      await objects.change('services', 'shared', ({ metadata, spec }) => {
        metadata.finalizers = ['example.com/kept'];
        Object.assign(spec, { type: 'NodePort', externalIPs: ['203.0.113.7'] });
      });
      await scene.redefine('shared', { service: { labels: { team: 'shop' } } });
      await eventually(async () => {
        expect((await objects.get('services', 'shared')).metadata.labels).toMatchObject({ team: 'shop' });
      });
      expect((await objects.get('services', 'shared')).spec.externalIPs).toEqual(['203.0.113.7']);
      await objects.change('services', 'shared', ({ metadata }) => {
        metadata.finalizers = [];
      });
    });

    it('leaves everybody else alone', async () => {
      const { status } = await objects.call(
        'POST',
        slicePath(),
        inSlices('by-people', { [managedBy]: 'staff' }),
      );
      expect(status).toBe(201);
    });
  });
});
