/**
 * A process that stands for election and, while it leads, appends its term to a file every few milliseconds, each time after asking the term whether it
 * may: in the same breath, so that nothing but the answer decides what is written. Arguments: an endpoint of etcd, the name of the election, its
 * identity, the file. SIGUSR2 blocks its event loop for 7 s; on SIGHUP it stops itself with SIGSTOP.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { EtcdClient } from '../../src/etcd/client/client.ts';
import { Election } from '../../src/etcd/election/election.ts';
import type { Term } from '../../src/leadership/term.ts';

const [endpoint = '', name = '', identity = '', file = ''] = process.argv.slice(2);
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const deps = { clock: systemClock, log: quiet };
const client = new EtcdClient({ hosts: [endpoint], callTimeoutMs: 2_000 }, deps);
const election = new Election(client, { name, identity, ttlSeconds: 5 }, deps);

process.on('SIGHUP', () => process.kill(process.pid, 'SIGSTOP'));
process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 7_000);
});

await election.run(new AbortController().signal, async (term: Term) => {
  console.log(`leads ${term.number}`);
  while (!term.signal.aborted) {
    if (systemClock.monotonic() < term.writableUntil()) {
      appendFileSync(file, `${term.number}\n`);
    }
    await pause(5);
  }
  console.log(`ended ${term.number} ${await term.ended}`);
});
