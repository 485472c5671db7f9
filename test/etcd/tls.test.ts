import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { type Rig, startRig } from '../kit/rig.ts';

/** Certificates: the authority's, the client's, and the name that the server must carry. */
describe('TLS', () => {
  let etcd: RegistryEtcd;

  beforeAll(async () => {
    etcd = await startEtcd({ tls: true });
    await etcd.etcdctl(['put', 'k/a', 'v']);
  });
  afterAll(() => etcd.stop());

  it('follows with the authority, a client certificate and its key', async () => {
    const recorder = await startRig(etcd.endpoints, { tls: tls() }).record('k/');
    await etcd.etcdctl(['put', 'k/b', 'v']);

    await eventually(() => expect([...recorder.told.keys()]).toEqual(['k/a', 'k/b']));
  });

  it('accepts the server under the name that is configured, and under no other', async () => {
    const right = await startRig(etcd.endpoints, { tls: { ...tls(), serverName: 'localhost' } }).record('k/');
    expect(right.told.has('k/a')).toBe(true);

    await expectFailure(startRig(etcd.endpoints, { tls: { ...tls(), serverName: 'other.example' } }));
  });

  it('does not connect without the authority, without a client certificate, or without TLS; and says so', async () => {
    const { ca, cert, key } = tls();
    await expectFailure(startRig(etcd.endpoints, { tls: { cert, key } }));
    await expectFailure(startRig(etcd.endpoints, { tls: { ca } }));
    await expectFailure(startRig(etcd.endpoints.map((url) => url.replace('https', 'http'))));
  });

  /** The range stays unsynced, the connection says why, and no line holds a key. */
  async function expectFailure({ follow, mirror, logLines }: Rig): Promise<void> {
    const recorder = follow('k/');
    await eventually(() => expect(mirror.connection.error).toBeDefined());
    expect(mirror.connection.connected).toBe(false);
    expect(recorder.synced).toBe(false);
    expect(logLines.join('\n')).not.toContain('PRIVATE KEY');
  }

  function tls() {
    const { caPem = '', certPem = '', keyPem = '' } = etcd.tls ?? {};
    return { ca: Buffer.from(caPem), cert: Buffer.from(certPem), key: Buffer.from(keyPem) };
  }
});
