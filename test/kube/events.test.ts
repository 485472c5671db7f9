import { describe, expect, it, onTestFinished } from 'vitest';
import { createEventRecorder } from '../../src/kube/events.ts';
import { EVENTS, NAMESPACES } from '../../src/kube/resources.ts';
import type { EventRecorder, KubeObject } from '../../src/kube/types.ts';
import { servers } from '../kit/control-plane.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { type KubeRig, kubeRig, scriptedRig } from '../kit/kube-rig.ts';
import { createNamespace } from '../kit/namespace.ts';

const rejected = {
  type: 'Warning',
  reason: 'RegistrationsRejected',
  message: '1 registration rejected',
} as const;

const web: KubeObject = {
  apiVersion: 'etcd-endpoints.io/v1alpha1',
  kind: 'EtcdService',
  metadata: { name: 'web', namespace: 'shop', uid: 'uid-web', resourceVersion: '7' },
};

function recorderOf({ client, deps }: KubeRig): EventRecorder {
  const recorder = createEventRecorder(client, { ...deps, instance: 'replica-1' });
  onTestFinished(() => recorder.close());
  return recorder;
}

describe('Events in a real apiserver', () => {
  it('shows repeats as one Event with their number, bound to its object', async () => {
    const rig = kubeRig({ kubeconfig: servers().credentials.kubeconfigPath });
    const namespace = await createNamespace();
    onTestFinished(() => namespace.remove());
    const recorder = recorderOf(rig);
    const about = { ...web, metadata: { ...web.metadata, namespace: namespace.name } };
    recorder.record(about, rejected);
    await recorder.flush(5000);
    recorder.record(about, { ...rejected, message: '2 registrations rejected' });
    await recorder.flush(5000);
    const events = await rig.client.list(EVENTS, {
      namespace: namespace.name,
      fieldSelector: 'involvedObject.name=web,involvedObject.uid=uid-web',
    });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ ...rejected, message: '2 registrations rejected', count: 2 });
    expect(events[0]).toMatchObject({
      source: { component: 'etcd-endpoints.io' },
      reportingInstance: 'replica-1',
    });
  });

  it('reports an object without a namespace in the namespace default', async () => {
    const rig = kubeRig({ kubeconfig: servers().credentials.kubeconfigPath });
    const recorder = recorderOf(rig);
    const namespace = await rig.client.get(NAMESPACES, 'default');
    const reason = `Test${performance.timeOrigin}`;
    recorder.record(namespace as KubeObject, { type: 'Normal', reason, message: 'hello' });
    await recorder.flush(5000);
    const events = await rig.client.list(EVENTS, { namespace: 'default', fieldSelector: `reason=${reason}` });
    expect(events.map(({ involvedObject }) => involvedObject.kind)).toEqual(['Namespace']);
  });
});

describe('Events that cannot be written', () => {
  it('drops what is refused and says so once', async () => {
    const rig = await scriptedRig();
    rig.apiserver.serve((_request, reply) =>
      reply.json(403, { code: 403, message: 'User "x" cannot create' }),
    );
    const recorder = recorderOf(rig);
    for (const reason of ['One', 'Two', 'Three']) {
      recorder.record(web, { ...rejected, reason });
    }
    await recorder.flush(5000);
    expect(rig.apiserver.requests).toHaveLength(3);
    expect(rig.logLines).toHaveLength(1);
    expect(rig.logLines[0]).toContain('grant verb \\"create\\" on \\"events\\" in namespace shop');
  });

  it('keeps what meets an absent apiserver, and writes it with its count later', async () => {
    const rig = await scriptedRig();
    rig.apiserver.serve((_request, reply) => reply.json(503, { code: 503 }));
    const recorder = recorderOf(rig);
    recorder.record(web, rejected);
    recorder.record(web, rejected);
    await recorder.flush(5000);
    rig.apiserver.serve((request, reply) => reply.json(201, request.body));
    await recorder.flush(5000);
    expect(rig.apiserver.requests).toHaveLength(2);
    expect(rig.apiserver.requests[1]).toMatchObject({ method: 'POST', body: { count: 2 } });
  });

  it('makes an Event anew that the apiserver has let go', async () => {
    const rig = await scriptedRig();
    rig.apiserver.serve((request, reply) =>
      request.method === 'POST'
        ? reply.json(201, request.body)
        : reply.json(404, { code: 404, details: { name: 'gone' } }),
    );
    const recorder = recorderOf(rig);
    recorder.record(web, rejected);
    await recorder.flush(5000);
    recorder.record(web, rejected);
    await recorder.flush(5000);
    expect(rig.apiserver.requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
    expect(rig.apiserver.requests[2]?.body).toMatchObject({ count: 2 });
  });

  it('flushes no longer than told, and sends nothing after close', async () => {
    const rig = await scriptedRig();
    rig.apiserver.serve(() => undefined);
    const recorder = recorderOf(rig);
    recorder.record(web, rejected);
    const from = performance.now();
    await recorder.flush(200);
    expect(performance.now() - from).toBeLessThan(200 + marginMs);
    await eventually(() => expect(rig.apiserver.requests).toHaveLength(1));
    recorder.close();
    recorder.record(web, { ...rejected, reason: 'Late' });
    await recorder.flush(200);
    expect(rig.apiserver.requests).toHaveLength(1);
  });
});
