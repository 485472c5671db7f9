import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { EtcdServiceInput } from '../../src/api/etcd-service.ts';
import { servers } from '../kit/control-plane.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { addressesOf, type Scene, startScene } from '../kit/scene.ts';
import { SlicesWatch } from '../kit/slices-watch.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

/** Returns once Endpoints, and slices where the cluster serves them, hold exactly these addresses. */
async function untilPublished(name: string, wanted: readonly string[]): Promise<void> {
  await scene.untilPublished(name, wanted);
  if (servers().served.discoveryV1) {
    await scene.untilInSlices(name, wanted);
  }
}

/** The ports of a subset, or of a slice, by name. */
function byName(group: AnyObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    group.ports.map(({ name, port, protocol, appProtocol = '' }: AnyObject) => [
      name,
      `${port}/${protocol} ${appProtocol}`.trim(),
    ]),
  );
}

/** What the Endpoints and the slices of a Service say of ports, each different answer once. */
async function portsOf(name: string): Promise<readonly unknown[]> {
  const { subsets } = await scene.objects.get('endpoints', name);
  const slices = servers().served.discoveryV1 ? await scene.slices(name) : [];
  const filled = slices.filter(({ endpoints }) => endpoints?.length > 0);
  return [...new Set([...subsets, ...filled].map((one: AnyObject) => JSON.stringify(byName(one))))].map(
    (text) => JSON.parse(text),
  );
}

const ports: EtcdServiceInput['ports'] = [
  { name: 'http', port: 80, targetPort: 'http' },
  { name: 'grpc', port: 90, targetPort: 'grpc', appProtocol: 'kubernetes.io/h2c' },
];
const web: Partial<EtcdServiceInput> = {
  ports,
  format: 'json',
  json: { ports: { http: '.ports.http', grpc: '.ports.grpc', admin: '.ports.admin' } },
};
const named = (address: string, numbers: Record<string, number>): string =>
  JSON.stringify({ address, ports: numbers });

describe('an instance with several ports', () => {
  it('fills those that name them in targetPort, under the names of the Service', async () => {
    await scene.defineWith('named', [named('10.0.0.1', { http: 8080, grpc: 9090, admin: 7070 })], web);
    await untilPublished('named', ['10.0.0.1:8080 (http)', '10.0.0.1:9090 (grpc)']);
    expect(await portsOf('named')).toEqual([{ http: '8080/TCP', grpc: '9090/TCP kubernetes.io/h2c' }]);
  });

  it('fills them by the schemes of its URLs', async () => {
    const endpoints = ['http://10.0.0.1:8080', 'grpc://10.0.0.1:9090'];
    const kratos = JSON.stringify({ id: 'a', name: 'urls', version: 'v1', metadata: {}, endpoints });
    await scene.defineWith('urls', [kratos], { ports });
    await untilPublished('urls', ['10.0.0.1:8080 (http)', '10.0.0.1:9090 (grpc)']);
  });

  it('is published for the ports that it has where it lacks one, and that is told and counted', async () => {
    const instances = [named('10.0.0.1', { http: 8080, grpc: 9090 }), named('10.0.0.2', { http: 8080 })];
    await scene.defineWith('lacking', instances, web);
    await untilPublished('lacking', ['10.0.0.1:8080 (http)', '10.0.0.1:9090 (grpc)', '10.0.0.2:8080 (http)']);
    await scene.untilEvent('lacking', 'Warning PortsMissing 1 instances lack some ports of the Service');
    await eventually(async () =>
      expect(await scene.controller.metric('etcd_endpoints_endpoints_partial')).toBe(1),
    );
    await scene.registrar.delete('/services/lacking/2');
    await eventually(async () =>
      expect(await scene.controller.metric('etcd_endpoints_endpoints_partial')).toBe(0),
    );
  });

  it('may have one number under two names', async () => {
    await scene.defineWith('twice', ['10.0.0.1'], {
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'metrics', port: 81, targetPort: 8080 },
      ],
    });
    await untilPublished('twice', ['10.0.0.1:8080 (http)', '10.0.0.1:8080 (metrics)']);
  });

  it('may have one number with TCP, UDP and SCTP', async () => {
    await scene.defineWith('dns', ['10.0.0.1:5353'], {
      ports: [
        { name: 'dns-tcp', port: 53 },
        { name: 'dns-udp', port: 53, protocol: 'UDP' },
        { name: 'dns-sctp', port: 53, protocol: 'SCTP' },
      ],
    });
    await untilPublished(
      'dns',
      ['tcp', 'udp', 'sctp'].map((protocol) => `10.0.0.1:5353 (dns-${protocol})`),
    );
    expect(await portsOf('dns')).toEqual([
      { 'dns-tcp': '5353/TCP', 'dns-udp': '5353/UDP', 'dns-sctp': '5353/SCTP' },
    ]);
    const { spec } = await scene.objects.get('services', 'dns');
    expect(spec.ports.map(({ port, protocol }: AnyObject) => `${port}/${protocol}`)).toEqual([
      '53/TCP',
      '53/UDP',
      '53/SCTP',
    ]);
  });

  it('changes its ports without being missing for those that stay', async () => {
    await scene.defineWith('moving', [named('10.0.0.1', { http: 8080, grpc: 9090 })], web);
    await untilPublished('moving', ['10.0.0.1:8080 (http)', '10.0.0.1:9090 (grpc)']);
    const watch = await scene.objects.watch('endpoints', 'moving');
    onTestFinished(() => watch.end());
    const slices = servers().served.discoveryV1
      ? await SlicesWatch.start(scene.objects, 'moving')
      : undefined;
    onTestFinished(() => slices?.end());

    await scene.registrar.put({ '/services/moving/1': named('10.0.0.1', { http: 8080, grpc: 9091 }) });
    await untilPublished('moving', ['10.0.0.1:8080 (http)', '10.0.0.1:9091 (grpc)']);
    for (const state of watch.states) {
      expect(addressesOf(state)).toContain('10.0.0.1:8080 (http)');
    }
    expect(slices?.missingSince(0, ['10.0.0.1:8080 (http)']) ?? []).toEqual([]);
  });
});

describe('a headless Service', () => {
  const headless: Partial<EtcdServiceInput> = {
    service: { type: 'Headless' },
    ports: [{ name: 'http', port: 80 }],
  };

  it('whose instances differ in port is reported, since who looks up addresses cannot know the port', async () => {
    await scene.defineWith('motley', ['10.0.0.1:8080', '10.0.0.2:8081'], headless);
    await untilPublished('motley', ['10.0.0.1:8080 (http)', '10.0.0.2:8081 (http)']);
    await scene.untilEvent(
      'motley',
      'Warning PortsDiffer The Service is headless and its instances differ in their port http (8080, 8081)',
    );
    const etcdService = `${scene.namespace}/motley`;
    await scene.controller.untilLine({ etcdService, reason: 'PortsDiffer' });
    const gauge = (): Promise<number> =>
      scene.controller.metric('etcd_endpoints_services_noticed', { reason: 'PortsDiffer' });
    await eventually(async () => expect(await gauge()).toBe(1));

    await scene.registrar.put({ '/services/motley/2': '10.0.0.2:8080' });
    await eventually(async () => expect(await gauge()).toBe(0));
  });

  it('whose instances have the same port is not', async () => {
    await scene.defineWith('alike', ['10.0.0.1:8080', '10.0.0.2:8080'], headless);
    await untilPublished('alike', ['10.0.0.1:8080 (http)', '10.0.0.2:8080 (http)']);
    await scene.controller.untilIdle();
    expect((await scene.events('alike')).filter((event) => event.includes('PortsDiffer'))).toEqual([]);
  });
});
