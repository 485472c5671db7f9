import { Channel, credentials, Metadata } from '@grpc/grpc-js';
import { expect, it, onTestFinished } from 'vitest';
import { ScriptedEtcd } from '../../../test/kit/scripted-etcd.ts';
import { Stubs, type WatchResponse } from './etcd3.ts';
import * as rpcs from './rpc.ts';

async function start(): Promise<{ readonly etcd: ScriptedEtcd; readonly stubs: Stubs }> {
  const etcd = await ScriptedEtcd.start();
  const channel = new Channel(etcd.address, credentials.createInsecure(), {});
  onTestFinished(async () => {
    channel.close();
    await etcd.close();
  });
  return { etcd, stubs: new Stubs(channel) };
}

/** The deep import holds: what etcd3 makes of etcd's .proto files has the form that this project relies on. */
it('gives keys and values as buffers, and 64-bit numbers as text', async () => {
  const { etcd, stubs } = await start();
  etcd.commit({ key: 'k', value: 'v' });
  const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
    const request = { key: Buffer.from('k') };
    stubs.unary(rpcs.rangeRpc, request, new Metadata(), {}, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });
  // Ranges are read without this decoder, but the watch brings the same messages.
  const response: unknown = stubs.decode(rpcs.rangeRpc, answer ?? Buffer.alloc(0));
  expect(response).toMatchObject({
    header: { revision: '2', cluster_id: '7' },
    more: false,
    kvs: [{ key: Buffer.from('k'), value: Buffer.from('v'), mod_revision: '2', lease: '0' }],
  });
});

it('gives watch responses whole, with every field that is left out on the wire', async () => {
  const { etcd, stubs } = await start();
  const stream = stubs.stream(rpcs.watchRpc, new Metadata(), {});
  stream.on('error', () => {});
  onTestFinished(() => stream.cancel());
  const responses: WatchResponse[] = [];
  const told = new Promise<void>((resolve) => {
    stream.on('data', (bytes: Buffer) => {
      const response = stubs.decode(rpcs.watchRpc, bytes);
      responses.push(response);
      response.created ? etcd.commit({ key: 'k' }) : resolve();
    });
  });
  stream.write({ create_request: { key: Buffer.from('k'), start_revision: 1, watch_id: 5 } });
  await told;
  expect(responses).toMatchObject([
    { watch_id: '5', created: true, canceled: false, compact_revision: '0', cancel_reason: '', events: [] },
    {
      watch_id: '5',
      created: false,
      fragment: false,
      events: [{ type: 'Delete', kv: { mod_revision: '2' } }],
    },
  ]);
});

it('has a stub for every call that is made', async () => {
  const { stubs } = await start();
  for (const rpc of Object.values(rpcs)) {
    const call =
      rpc.kind === 'unary'
        ? stubs.unary<object, object>(rpc, {}, new Metadata(), {}, () => {})
        : stubs.stream<object, object>(rpc, new Metadata(), {}).on('error', () => {});
    call.cancel();
  }
});
