import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { type Scene, startScene } from '../kit/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

/** Returns once a gauge of the controller has this value. */
async function untilGauge(
  name: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  await eventually(async () => expect(await scene.controller.metric(name, labels)).toBe(value));
}

describe('instances that have not the same ports', () => {
  it('are told of as TooManyPortSets from the 101st set of ports on, and published all the same', async () => {
    const gauge = 'etcd_endpoints_services_noticed';
    const reason = 'TooManyPortSets';
    const key = (port: number): string => `/services/motley/${port}`;
    const ports = Array.from({ length: 100 }, (_, n) => 8000 + n);
    await scene.registrar.etcd.commit(new Map(ports.map((port) => [key(port), `10.0.0.1:${port}`])));
    await scene.define('motley');
    await scene.untilReady('motley');
    expect(await scene.controller.metric(gauge, { reason })).toBe(0);

    await scene.registrar.put({ [key(9000)]: '10.0.0.1:9000' });

    await scene.untilEvent(
      'motley',
      'Warning TooManyPortSets The instances have 101 different sets of ports',
    );
    await scene.controller.untilLine({ etcdService: `${scene.namespace}/motley`, reason });
    await untilGauge(gauge, 1, { reason });
    await scene.untilPublished(
      'motley',
      [...ports, 9000].map((port) => `10.0.0.1:${port}`),
    );

    await scene.registrar.delete(key(9000));
    await untilGauge(gauge, 0, { reason });
  });

  it('are counted as partial while they lack ports of the Service', async () => {
    const gauge = 'etcd_endpoints_endpoints_partial';
    const partial = (ip: string): string => JSON.stringify({ ip, http: 81 });
    const whole = (ip: string): string => JSON.stringify({ ip, http: 81, grpc: 82 });
    await scene.defineWith('lacking', [partial('10.0.0.1'), partial('10.0.0.2'), whole('10.0.0.3')], {
      format: 'json',
      json: { ports: { http: '.http', grpc: '.grpc' } },
      ports: [
        { name: 'http', port: 80, targetPort: 'http' },
        { name: 'grpc', port: 90, targetPort: 'grpc' },
      ],
    });
    await scene.untilEvent('lacking', 'Warning PortsMissing 2 instances lack some ports of the Service');
    await untilGauge(gauge, 2);

    await scene.registrar.put({ '/services/lacking/1': whole('10.0.0.1') });
    await untilGauge(gauge, 1);
    await scene.registrar.delete('/services/lacking/2');
    await untilGauge(gauge, 0);
  });
});
