import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { type Scene, startScene } from '../kit/scene.ts';

const announced = (ip: string, ports: object): string => JSON.stringify({ ip, ports });

/** Registrations with named ports, and how they are read. */
const spec = {
  format: 'json',
  json: { address: '.ip', ports: { http: '.ports.http', grpc: '.ports.grpc', admin: '.ports.admin' } },
  ports: undefined,
  portsFrom: 'Registrations',
} as const;

describe('ports that are announced', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await startScene();
    return () => scene.stop();
  });

  async function untilPorts(name: string, wanted: readonly string[]): Promise<void> {
    await eventually(async () => {
      const service = await scene.objects.get('services', name);
      const ports = service?.spec.ports?.map(
        ({ name: port = '', port: number }: AnyObject) => `${port}:${number}`,
      );
      expect(ports?.toSorted()).toEqual(wanted);
    });
  }

  it("are a Service's own, as its registrations announce them, and stay while instances come and go", async () => {
    await scene.defineWith(
      'own',
      [announced('10.0.0.1', { http: 8080 }), announced('10.0.0.2', { http: 8081, grpc: 9090 })],
      spec,
    );
    await untilPorts('own', ['grpc:9090', 'http:8080']);
    await scene.untilPublished('own', [
      '10.0.0.1:8080 (http)',
      '10.0.0.2:8081 (http)',
      '10.0.0.2:9090 (grpc)',
    ]);
    const { metadata } = await scene.objects.get('services', 'own');

    await scene.registrar.delete('/services/own/2');
    await scene.untilPublished('own', ['10.0.0.1:8080 (http)']);
    await scene.registrar.put({ '/services/own/2': announced('10.0.0.2', { http: 8082, grpc: 9091 }) });
    await scene.untilPublished('own', [
      '10.0.0.1:8080 (http)',
      '10.0.0.2:8082 (http)',
      '10.0.0.2:9091 (grpc)',
    ]);
    expect((await scene.objects.get('services', 'own')).metadata.resourceVersion).toBe(
      metadata.resourceVersion,
    );

    await scene.registrar.put({ '/services/own/3': announced('10.0.0.3', { admin: 7070 }) });
    await untilPorts('own', ['admin:7070', 'grpc:9090', 'http:8080']);
  });

  it('are waited for where the Service has a cluster IP', async () => {
    await scene.define('waiting', spec);
    await scene.untilReady('waiting', 'False/PortsNotAnnounced');
    await scene.registrar.put({ '/services/waiting/1': announced('10.0.0.1', { http: 8080 }) });
    await scene.untilReady('waiting');
    await untilPorts('waiting', ['http:8080']);
  });

  it('of a headless Service are none until one is announced', async () => {
    await scene.define('headless', {
      ...spec,
      format: 'plain',
      json: undefined,
      service: { type: 'Headless' },
    });
    await scene.untilReady('headless');
    await scene.registrar.put({ '/services/headless/1': '10.0.0.1:8080' });
    await untilPorts('headless', [':8080']);
    await scene.untilPublished('headless', ['10.0.0.1:8080']);
  });

  it('that the Service cannot have are told, and the others published', async () => {
    await scene.defineWith('left-out', [announced('10.0.0.1', { http: 8080, admin: 8080 })], spec);
    const event = await scene.untilEvent('left-out', 'Warning PortsLeftOut');
    expect(event).toContain('1 of their names');
    await untilPorts('left-out', ['admin:8080']);
    await scene.untilPublished('left-out', ['10.0.0.1:8080 (admin)']);
  });

  it('are not written anew by a controller that starts again', async () => {
    await scene.untilCounted('own', { ready: 3 });
    await scene.controller.untilIdle();
    const before = await scene.versions();
    await scene.restartController();
    await scene.registrar.put({ '/services/waiting/2': announced('10.0.0.2', { http: 8080 }) });
    await scene.untilPublished('waiting', ['10.0.0.1:8080 (http)', '10.0.0.2:8080 (http)']);
    await scene.controller.untilIdle();
    const after = await scene.versions();
    const changed = [...before]
      .filter(([name, version]) => after.get(name) !== version)
      .map(([name]) => name);
    expect(changed.filter((name) => !/waiting/.test(name))).toEqual([]);
  });
});
