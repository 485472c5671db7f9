/** One change in each of many Services at once, and what limits how soon all are published. */
import { inParallel } from '../../test/kit/in-parallel.ts';
import { batches, range } from '../load.ts';
import { address, callsPrefix, keyOfInstance, prefix, serviceName } from '../objects.ts';
import type { RawChanges } from '../raw/changes.ts';
import { milliseconds } from '../report.ts';
import type { Subject } from '../subject.ts';
import { cpuOf, cpuRow, leastRatio, ofServers } from './cpu.ts';
import { rawChanges, rawReplace } from './raw-writes.ts';
import { type Scene, whileWatched, workers } from './scene.ts';

export async function burst(scene: Scene, subject: Subject): Promise<void> {
  const { run, ground, size, seen } = scene;
  run.say('one change in each Service at once');
  const [raw, rawServers] = await ofServers(ground, () => rawReplace(ground, size, workers));
  const ips = range(0, size.services).map((index) => address('changed', 20_000 + index));
  const before = await subject.usage();
  const [ms, servers] = await ofServers(ground, async () => {
    const all = Promise.all(ips.map((ip) => seen.address(ip)));
    const started = performance.now();
    await inParallel(batchesOf(ips, prefix), 8, (batch) => ground.etcd.commit(new Map(batch)));
    return Math.max(...(await all)) - started;
  });
  const { cpuMs } = await subject.usage();
  const puts = batchesOf(ips, callsPrefix);
  const [calls, callsServers] = await whileWatched(ground, () =>
    ofServers(ground, () => rawChanges(ground, size, workers, puts)),
  );
  const ratio = ms / raw.output.ms;
  run.tell({
    id: 'burst',
    what: `one change in each of ${size.services} Services at once, to the last one seen`,
    ours: milliseconds(ms),
    raw: `${milliseconds(raw.output.ms)} for as many PUTs`,
    ratio,
    goal: '≤ 1.3 × the raw PUTs',
    holds: ratio <= 1.3,
  });
  const ours = { program: cpuMs - before.cpuMs, servers };
  const least = { program: raw.cpuMs, servers: rawServers };
  run.tell({ id: 'burst', ...cpuRow(ours, least), ratio: leastRatio(ours, least) });
  run.tell({
    id: 'burst',
    what: 'a program in place of the controller that watches etcd, replaces the slice of each key that comes and watches the slices, and does nothing else',
    ours: `${milliseconds(calls.output.ms)}; ${cpuOf({ program: calls.cpuMs, servers: callsServers }, 'program')}`,
    raw: `${milliseconds(raw.output.ms)} for as many PUTs`,
    ratio: calls.output.ms / raw.output.ms,
    goal: 'printed',
  });
}

/** Instance 1 of each service, below that prefix, gets the address of its index. */
function batchesOf(ips: readonly string[], below: string): RawChanges['puts'] {
  const puts = ips.map((ip, index): [string, string] => [
    keyOfInstance(serviceName(index), 1).replace(prefix, below),
    `${ip}:80`,
  ]);
  return [...batches(puts)];
}
