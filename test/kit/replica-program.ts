/**
 * A process that stands for election and, while it leads, writes its term to a key as fast as etcd answers, each write through the gate. Tests stop,
 * kill and block it. Arguments: an endpoint of etcd, the name of the election, its identity, the key. SIGUSR2 blocks its event loop for 7 s.
 */
import { systemClock } from '../../src/clock.ts';
import { EtcdClient } from '../../src/etcd/client.ts';
import { Election } from '../../src/etcd/election.ts';
import { keyBytes, keyOf } from '../../src/etcd/key.ts';
import { putRpc } from '../../src/etcd/rpc.ts';
import type { Term } from '../../src/leadership/term.ts';

const [endpoint = '', name = '', identity = '', key = ''] = process.argv.slice(2);
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const deps = { clock: systemClock, log: quiet };
const client = new EtcdClient({ hosts: [endpoint], callTimeoutMs: 2_000 }, deps);
const election = new Election(client, { name, identity, ttlSeconds: 5 }, deps);

process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 7_000);
});

await election.run(new AbortController().signal, async (term: Term) => {
  console.log(`leads ${term.number}`);
  while (!term.signal.aborted) {
    if (systemClock.monotonic() < term.writableUntil()) {
      const put = { key: keyBytes(keyOf(key)), value: Buffer.from(String(term.number)) };
      await client.write(putRpc, put, { signal: term.signal }).catch(() => {});
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  console.log(`ended ${term.number} ${await term.ended}`);
});
