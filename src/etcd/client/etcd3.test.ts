import { Channel, credentials, Metadata } from '@grpc/grpc-js';
import { expect, it, onTestFinished } from 'vitest';
import { etcdService } from '../../../test/kit/etcd-wire.ts';
import { ScriptedEtcd } from '../../../test/kit/scripted-etcd.ts';
import { Stubs } from './etcd3.ts';
import * as rpcs from './rpc.ts';

async function start(): Promise<Stubs> {
  const etcd = await ScriptedEtcd.start();
  const channel = new Channel(etcd.address, credentials.createInsecure(), {});
  onTestFinished(async () => {
    channel.close();
    await etcd.close();
  });
  return new Stubs(channel);
}

/** The deep import holds: what etcd3 makes of etcd's .proto files has the form that this project relies on. */
it('gives 64-bit numbers as text, and every field that is left out on the wire', async () => {
  const stubs = await start();
  const granted = { ID: String(2n ** 63n - 1n), TTL: '5', error: '' };
  const bytes = etcdService('Lease').service['LeaseGrant']?.responseSerialize(granted);
  expect(stubs.decode(rpcs.leaseGrantRpc, bytes ?? Buffer.alloc(0))).toMatchObject(granted);
  expect(stubs.decode(rpcs.leaseGrantRpc, Buffer.alloc(0))).toMatchObject({ ID: '0', TTL: '0', error: '' });
});

it.each([
  ['ranges', 'KV', 'Range', rpcs.rangeRpc, { registrations: [], revision: 7 }],
  ['transactions', 'KV', 'Txn', rpcs.txnRpc, []],
  ['watches', 'Watch', 'Watch', rpcs.watchRpc, { changes: [], revision: 7 }],
] as const)('leaves the answers of %s to our own reader', async (_, service, method, rpc, read) => {
  const stubs = await start();
  const bytes = etcdService(service).service[method]?.responseSerialize({ header: { revision: '7' } });
  expect(stubs.decode<object, object>(rpc, bytes ?? Buffer.alloc(0))).toMatchObject(read);
});

it('has a stub for every call that is made', async () => {
  const stubs = await start();
  for (const rpc of Object.values(rpcs)) {
    const call =
      rpc.kind === 'unary'
        ? stubs.unary<object, object>(rpc, {}, new Metadata(), {}, () => {})
        : stubs.stream<object, object>(rpc, new Metadata(), {}).on('error', () => {});
    call.cancel();
  }
});
