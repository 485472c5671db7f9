import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ENDPOINTS, SERVICES } from '../../src/kube/resources.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { cacheRig, scriptedRig } from '../kit/kube-rig.ts';
import { measured } from '../kit/measured.ts';
import { contentDifference } from '../kit/recorder.ts';
import { rawEtcd, startRig, startScripted } from '../kit/rig.ts';

const mebibyte = 1024 * 1024;
const web = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'web', namespace: 'shop', resourceVersion: '7', uid: 'u' },
} as const;

/** A server that takes every connection and says one byte after the other, none of which means anything yet. */
async function trickling(): Promise<string> {
  const server = createServer((socket) => {
    const timer = setInterval(() => socket.write('\0'), 20);
    socket.on('error', () => undefined);
    socket.on('close', () => clearInterval(timer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('an etcd that means ill', () => {
  it('that says one byte after the other is given up, and another member is followed', async () => {
    const sound = await startScripted();
    sound.commit({ key: 'k/a', value: 'v' });
    const { record } = startRig([await trickling(), sound.address]);
    const recorder = await record('k/');
    sound.commit({ key: 'k/b', value: 'v' });
    await eventually(() => expect([...recorder.told.keys()]).toEqual(['k/a', 'k/b']));
  });

  it('that answers a list beyond the limit is told of, and followed once it does no more', async () => {
    const etcd = await startScripted();
    etcd.commit({ key: 'k/a', value: 'v'.repeat(8 * mebibyte) });
    const { follow } = startRig([etcd.address], { maxMessageBytes: 4 * mebibyte });
    const recorder = follow('k/');
    await eventually(() => expect(recorder.mirrored.failure ?? recorder.synced).toBeTruthy());
    expect(recorder.synced).toBe(false);

    etcd.commit({ key: 'k/a', value: 'small' });

    await eventually(async () => expect(await contentDifference(recorder, rawEtcd(etcd.address))).toBe(0));
  });
});

describe('an apiserver that means ill', () => {
  it('that answers one byte after the other is cut off at the deadline', async () => {
    const { apiserver, client } = await scriptedRig({ callTimeoutMs: 500 });
    apiserver.serve((_request, reply) => {
      const stream = reply.stream();
      const timer = setInterval(() => (stream.open ? stream.raw(' ') : clearInterval(timer)), 20);
      onTestFinished(() => clearInterval(timer));
    });
    const from = performance.now();
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_TIMEOUT' });
    measured('slow answer, with a deadline of 500 ms, cut off after', performance.now() - from, {
      unit: 'ms',
      most: 600,
    });
  });

  it('that answers an error without an end costs a bounded part of it', async () => {
    const { apiserver, client } = await scriptedRig({ callTimeoutMs: 20_000 + marginMs });
    let sent = 0;
    apiserver.serve((_request, reply) => {
      const stream = reply.stream(500);
      const timer = setInterval(() => {
        if (!stream.open || sent > 64 * mebibyte) {
          clearInterval(timer);
          return;
        }
        sent += mebibyte;
        stream.raw(' '.repeat(mebibyte));
      }, 5);
      onTestFinished(() => clearInterval(timer));
    });
    await expect(client.update(ENDPOINTS, web)).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
    expect(sent).toBeLessThan(64 * mebibyte);
  });

  it('that sends an event without an end is left, and nothing is missed', async () => {
    const { collection, converged } = await cacheRig(SERVICES);
    const [stream] = collection.openWatches;
    stream?.raw('{"type":"ADDED","object":{"metadata":{"name":"');
    const before = process.memoryUsage().rss;
    let sent = 0;
    await eventually(
      () => {
        if (stream?.open) {
          sent += 1;
          stream.raw('x'.repeat(mebibyte));
        }
        expect(collection.watches.length).toBeGreaterThan(1);
      },
      { timeoutMs: 60_000, intervalMs: 5 },
    );
    collection.put('d');
    await converged();
    expect(collection.lists).toBe(1);
    measured('event without an end, sent until it was left', sent, { unit: 'MiB' });
    measured('memory taken by it', (process.memoryUsage().rss - before) / mebibyte, {
      unit: 'MiB',
      most: 512,
    });
  });
});
