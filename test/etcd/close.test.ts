import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { measured } from '../kit/measured.ts';
import { proxyFor, startRig, startScripted } from '../kit/rig.ts';

const run = promisify(execFile);
const fixture = fileURLToPath(new URL('fixtures/close.ts', import.meta.url));

/** What is left after the end: fault 25. */
describe('fault 25: a process that closes its mirror and client', () => {
  it('ends by itself, holding nothing, while all is well', async () => {
    const etcd = await startScripted();

    expect(await closeIn(`http://${etcd.address}`, '--wait-for-lists')).toEqual([]);

    await eventually(() => expect(etcd.streams.filter(({ ended }) => !ended)).toEqual([]));
  });

  it('ends by itself, holding nothing, while etcd is silent', async () => {
    const proxy = await proxyFor((await startScripted()).address);
    proxy.blackhole();

    expect(await closeIn(`http://${proxy.address}`)).toEqual([]);
  });

  it('ends by itself, holding nothing, while etcd refuses connections', async () => {
    const proxy = await proxyFor((await startScripted()).address);
    proxy.refuse();

    expect(await closeIn(`http://${proxy.address}`)).toEqual([]);
  });

  it('ends every stream and connection of etcd', async () => {
    const etcd = await startScripted();
    const proxy = await proxyFor(etcd.address);
    const { mirror, client, record } = startRig([proxy.address]);
    await record('k/');
    await eventually(() => expect(etcd.creates.length).toBeGreaterThan(0));

    await mirror.close();
    await client.close();

    await eventually(() => expect(proxy.open).toBe(0));
    expect(etcd.streams.filter(({ ended }) => !ended)).toEqual([]);
  });

  /** Runs the fixture, which must end of its own within 5 s of closing; returns what it still held after that. */
  async function closeIn(host: string, ...args: readonly string[]): Promise<readonly unknown[]> {
    const { stdout } = await run(process.execPath, [fixture, host, ...args], { timeout: 60_000 });
    const endedAt = Date.now();
    const { closingAt, held } = JSON.parse(stdout);
    measured('ends after', endedAt - closingAt, { unit: 'ms', most: 5_000 });
    measured('timers, streams and sockets left', held.length, { most: 0 });
    return held;
  }
});
