import { beforeEach, describe, expect, it } from 'vitest';
import { writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { type Scene, startScene } from '../kit/scene.ts';
import { untilVisited } from '../kit/visited.ts';

let scene: Scene;

beforeEach(async () => {
  scene = await startScene();
  return () => scene.stop();
});

const named = [
  { name: 'http', port: 80, targetPort: 'http', appProtocol: 'http' },
  { name: 'grpc', port: 90, targetPort: 'grpc' },
];
const json = { ports: { http: '.http', grpc: '.grpc' }, ready: { path: '.state', values: ['UP'] } };

/** One of every kind that ends in another place of the controller. */
async function defineEveryKind(): Promise<void> {
  const { objects, registrar } = scene;
  await scene.defineWith('plain', ['10.0.0.1:80', '10.0.0.1:80', '[fd00::1]:81', '']);
  await scene.defineWith('headless', ['10.0.0.1'], { service: { type: 'Headless' } });
  await scene.defineWith('retained', ['10.0.0.1:80'], {
    service: { deletionPolicy: 'Retain', labels: { a: 'b' }, annotations: { 'c.d/e': 'f' } },
  });
  await scene.defineWith(
    'ports',
    ['{"ip":"10.0.0.1","http":1,"grpc":2,"state":"UP"}', '{"ip":"10.0.0.2","http":1,"state":"DOWN"}'],
    { format: 'json', json, ports: named },
  );
  await scene.defineWith(
    'crowd',
    Array.from({ length: 1005 }, (_, n) => `10.1.${n >> 8}.${n & 255}:80`),
  );
  await registrar.put({ '/services/turned/1': '10.0.0.1:80' });
  await registrar.put({ '/services/turned/1': 'broken' });
  await registrar.put({ '/services/turned/2': '10.0.0.2:80' });
  await scene.define('turned');
  await scene.untilReady('turned');
  await scene.define('empty');
  await scene.untilReady('empty');

  await objects.create('services', 'filled', {
    spec: { ports: [{ name: 'x', port: 80, targetPort: 8080 }] },
  });
  await scene.defineWith('filled', ['10.0.0.1'], { ports: undefined });
  for (const name of ['adopted', 'waiting', 'taken']) {
    await objects.create('services', name, { spec: { ports: [{ port: 80 }] } });
    await objects.create('endpoints', name, {
      subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }],
    });
  }
  const adopt = { ports: undefined, service: { creationPolicy: 'Adopt' } } as const;
  await scene.defineWith('adopted', ['10.0.0.1:80'], adopt);
  await scene.define('waiting', adopt);
  await scene.untilReady('waiting', 'False/WaitingForInstances');
  await registrar.put({ '/services/taken/1': '10.0.0.1:80' });
  await scene.define('taken');
  await scene.untilReady('taken', 'False/EndpointsTaken');

  await objects.create('services', 'selecting', { spec: { ports: [{ port: 80 }], selector: { app: 'x' } } });
  await scene.define('selecting');
  await scene.untilReady('selecting', 'False/ServiceHasSelector');
  await scene.define('absent', { service: { creationPolicy: 'Never' } });
  await scene.untilReady('absent', 'False/ServiceNotFound');
  await scene.define('portless', { ports: undefined });
  await scene.untilReady('portless', 'False/PortsRequired');
  await scene.define('root', { prefix: '/' });
  await scene.untilReady('root', 'False/PrefixNotAllowed');
  await scene.defineWith('paused', ['10.0.0.1:80']);
  await scene.redefine('paused', { mode: 'Paused' });
  await scene.untilReady('paused', 'Unknown/Paused');
  await registrar.put({ '/services/paused/2': '10.0.0.2:80' });
  await objects.create('services', 'converted', {
    spec: { type: 'ExternalName', externalName: 'shop.example.com' },
  });
  await scene.defineWith('converted', ['10.0.0.1:80'], { service: { creationPolicy: 'Adopt' } });
  await registrar.put({ '/services/observed/1': '10.0.0.1:80' });
  await scene.define('observed', { mode: 'Observe' });
  await scene.untilReady('observed', 'Unknown/Observing');
  await scene.define('rival-1', { service: { name: 'contested' } });
  await scene.untilReady('rival-1');
  const { metadata } = await objects.get('etcdservices', 'rival-1');
  await eventually(() => expect(Date.now()).toBeGreaterThan(Date.parse(metadata.creationTimestamp) + 1000));
  await scene.define('rival-2', { service: { name: 'contested' } });
  await scene.untilReady('rival-2', 'False/ServiceConflict');
  // Its heir stands on the Service once the EtcdService that owns it has been told of another.
  await eventually(async () => {
    const { metadata: owned } = await objects.get('services', 'contested');
    expect(owned.ownerReferences.map(({ name }: AnyObject) => name)).toEqual(['rival-1', 'rival-2']);
  });
}

describe('EtcdServices of every kind', () => {
  it('are left as they are by a controller that starts again', async () => {
    await defineEveryKind();
    await scene.controller.untilIdle();
    const before = await scene.versions();
    expect(await scene.published('turned')).toEqual(['10.0.0.1:80', '10.0.0.2:80']);

    await scene.restartController();
    await untilVisited(scene);

    // Endpoints of others are not in the cache: that they are there is found out by trying.
    const writes = (await writesOf(scene.controller)).filter(({ code }) => code !== 409);
    expect(writes).toEqual([]);
    expect(await scene.versions()).toEqual(before);
  });
});
