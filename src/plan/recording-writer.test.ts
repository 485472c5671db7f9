import { describe, expect, it } from 'vitest';
import { SERVICES, type Service } from '../kube/resources.ts';
import { RecordingWriter } from './recording-writer.ts';

const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'web', uid: 'a', resourceVersion: '9', labels: { by: 'hand' } },
  spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }], clusterIP: '10.96.0.1' },
};
const { metadata } = service;

function writerWith(...standing: readonly Service[]): RecordingWriter {
  return new RecordingWriter(
    async (_, { name }) => standing.find((object) => object.metadata.name === name) as never,
  );
}

describe('a writer that only notes', () => {
  it('refuses a name that is taken, as an apiserver does', async () => {
    await expect(writerWith(service).create(SERVICES, service)).rejects.toMatchObject({
      code: 'KUBE_ALREADY_EXISTS',
    });
  });

  it('tells each object once, from how it stands to how it ends', async () => {
    const writer = writerWith(service);
    await writer.mergePatch(SERVICES, metadata, { metadata: { labels: { by: null, our: 'mark' } } });
    const patched = await writer.mergePatch(SERVICES, metadata, { spec: { clusterIP: null } });
    expect(patched.metadata).toMatchObject({ labels: { our: 'mark' }, resourceVersion: '11' });
    expect(patched.metadata.labels).not.toHaveProperty('by');
    expect(patched.spec).not.toHaveProperty('clusterIP');
    expect(writer.takeChanges()).toEqual([
      { action: 'update', resource: SERVICES, before: service, after: patched },
    ]);
    expect(writer.takeChanges()).toEqual([]);
  });

  it('leaves out what comes and goes again, and tells of what goes', async () => {
    const writer = writerWith(service);
    const other = { ...service, metadata: { namespace: 'shop', name: 'other' } };
    await writer.delete(SERVICES, (await writer.create(SERVICES, other)).metadata);
    await writer.delete(SERVICES, metadata);
    expect(writer.takeChanges()).toEqual([
      { action: 'delete', resource: SERVICES, before: service, after: undefined },
    ]);
  });

  it('applies fields among those of others, and ports by their number and protocol', async () => {
    const owner = { apiVersion: 'v1', kind: 'X', name: 'x', uid: 'x', controller: true };
    const wanted = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'web', labels: { our: 'mark' }, ownerReferences: [owner] },
      spec: { ports: [{ port: 80, name: 'http' }, { port: 81 }] },
    };
    const after = await writerWith(service).apply(SERVICES, wanted);
    expect(after.metadata).toMatchObject({
      uid: 'a',
      labels: { by: 'hand', our: 'mark' },
      ownerReferences: [owner],
    });
    expect(after.spec).toEqual({
      ports: [{ port: 80, name: 'http', protocol: 'TCP', targetPort: 8080 }, { port: 81 }],
      clusterIP: '10.96.0.1',
    });
  });
});
