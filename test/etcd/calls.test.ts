import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { EtcdClient } from '../../src/etcd/client/client.ts';
import { putRpc, rangeRpc, txnRpc } from '../../src/etcd/client/rpc.ts';
import { eventually } from '../kit/eventually.ts';
import { keepingLog, proxyFor, startRig, startScripted } from '../kit/rig.ts';
import { ScriptedFailure, silence } from '../kit/scripted-etcd.ts';

const put = { key: Buffer.from('a'), value: Buffer.from('v') };

/** Single calls, and which member answers them. */
describe('calls', () => {
  it('sends a write once, whatever etcd answers', async () => {
    const etcd = await startScripted();
    etcd.script.put = () => {
      throw new ScriptedFailure(status.UNAVAILABLE, 'etcdserver: request timed out');
    };
    etcd.script.txn = () => {
      throw new ScriptedFailure(status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests');
    };
    const { client } = startRig([etcd.address]);

    await expect(client.write(putRpc, put)).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'ETCD_TIMEOUT',
    });
    await expect(client.write(txnRpc, {})).rejects.toMatchObject({ code: 'ETCD_OVERLOADED' });

    expect(etcd.calls).toMatchObject({ put: 1, txn: 1 });
  });

  it('sends a write once when the connection breaks before the answer', async () => {
    const etcd = await startScripted();
    const [first, second] = [await proxyFor(etcd.address), await proxyFor(etcd.address)];
    const { client } = startRig([first.address, second.address]);
    etcd.script.put = () => {
      first.cut();
      second.cut();
      return silence;
    };

    await expect(client.write(putRpc, put)).rejects.toMatchObject({ code: 'ETCD_UNAVAILABLE' });

    expect(etcd.calls.put).toBe(1);
  });

  it('ends a call to a silent server at its deadline', async () => {
    const etcd = await startScripted();
    etcd.script.put = () => silence;
    etcd.script.range = () => silence;
    const { client } = startRig([etcd.address], { callTimeoutMs: 300 });
    const started = performance.now();

    await expect(client.write(putRpc, put)).rejects.toMatchObject({ code: 'ETCD_TIMEOUT' });
    await expect(client.read(rangeRpc, { key: put.key })).rejects.toMatchObject({ code: 'ETCD_TIMEOUT' });

    expect(performance.now() - started).toBeLessThan(3_000);
    expect(etcd.calls.put).toBe(1);
  });

  it('ends a call to a host that takes connections and says nothing', async () => {
    const etcd = await startScripted();
    const proxy = await proxyFor(etcd.address);
    proxy.blackhole();
    const { client } = startRig([proxy.address], { connectTimeoutMs: 300, callTimeoutMs: 300 });
    const started = performance.now();

    await expect(client.write(putRpc, put)).rejects.toMatchObject({ name: 'RetryableError' });

    expect(performance.now() - started).toBeLessThan(3_000);
    expect(etcd.calls.put).toBe(0);
  });

  it('takes no answer without a revision for an empty range', async () => {
    const etcd = await startScripted();
    etcd.script.range = (request) => ({ ...etcd.answerRange(request), header: etcd.header(0) });
    const { client } = startRig([etcd.address]);

    await expect(client.read(rangeRpc, { key: put.key })).rejects.toMatchObject({
      code: 'ETCD_INVALID_RESPONSE',
    });
  });

  it('reads from another member what one cannot answer, and names the member where none can', async () => {
    const [broken, sound] = [await startScripted(), await startScripted()];
    broken.script.range = () => {
      throw new ScriptedFailure(status.UNAVAILABLE, 'etcdserver: not leader');
    };
    const { client } = startRig([broken.address, sound.address]);
    const alone = startRig([broken.address]);

    for (let count = 0; count < 10; count += 1) {
      await expect(client.read(rangeRpc, { key: put.key })).resolves.toMatchObject({ registrations: [] });
    }
    await expect(alone.client.read(rangeRpc, { key: put.key })).rejects.toThrow(broken.address);
  });

  it('follows and reads where one of three hosts is dead and one is silent', async () => {
    const etcd = await startScripted();
    const [dead, silent, sound] = [
      await proxyFor(etcd.address),
      await proxyFor(etcd.address),
      await proxyFor(etcd.address),
    ];
    dead.refuse();
    silent.blackhole();
    const { client, record } = startRig([dead.address, silent.address, sound.address], {
      connectTimeoutMs: 500,
    });

    const recorder = await record('k/');
    await Promise.all(Array.from({ length: 20 }, () => client.read(rangeRpc, { key: put.key })));
    etcd.commit({ key: 'k/a', value: 'v' });

    await eventually(() => expect(recorder.told.has('k/a')).toBe(true));
  });

  it('keeps an open watch when calls fail', async () => {
    const etcd = await startScripted();
    const creates = etcd.scriptWatches('k/');
    const { client, record } = startRig([etcd.address]);
    const recorder = await record('k/');
    await eventually(() => expect(creates).toHaveLength(1));
    etcd.script.put = () => {
      throw new ScriptedFailure(status.UNAVAILABLE, 'etcdserver: request timed out');
    };
    for (let count = 0; count < 5; count += 1) {
      await expect(client.write(putRpc, put)).rejects.toThrow();
    }

    etcd.commit({ key: 'k/a', value: 'v' });

    await eventually(() => expect(recorder.told.has('k/a')).toBe(true));
    expect(creates).toHaveLength(1);
  });

  it('refuses hosts of mixed schemes, and TLS options that do not belong together', () => {
    const client = (options: object) =>
      new EtcdClient({ hosts: [], ...options }, { clock: systemClock, log: keepingLog([]) });

    expect(() => client({ hosts: ['http://a:2379', 'https://b:2379'] })).toThrow(/http and https/);
    expect(() => client({ hosts: [] })).toThrow(/no etcd host/);
    expect(() => client({ hosts: ['https://a:2379'], tls: { cert: Buffer.from('x') } })).toThrow(/key/);
  });

  it('refuses calls once it is closed, and ends those under way', async () => {
    const etcd = await startScripted();
    etcd.script.range = () => silence;
    const { client } = startRig([etcd.address]);
    const underWay = expect(client.read(rangeRpc, { key: put.key })).rejects.toMatchObject({
      code: 'ETCD_CLIENT_CLOSED',
    });
    await eventually(() => expect(etcd.ranges.some(({ key }) => key.equals(put.key))).toBe(true));

    await client.close();

    await underWay;
    await expect(client.write(putRpc, put)).rejects.toMatchObject({ code: 'ETCD_CLIENT_CLOSED' });
  });
});
