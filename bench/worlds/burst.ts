/** One change in each of many Services at once, and what limits how soon all are published. */
import { inParallel } from '../../test/kit/in-parallel.ts';
import { batches, range } from '../load.ts';
import type { Mirror } from '../mirror.ts';
import { address, keyOfInstance, mirrorNamespace, mirrorPrefix, prefix, serviceName } from '../objects.ts';
import { milliseconds } from '../report.ts';
import { SlicesSeen } from '../slices-seen.ts';
import type { Subject } from '../subject.ts';
import { cpuOf, cpuRow, leastRatio, ofServers, spentOn } from './cpu.ts';
import { rawReplace } from './raw-writes.ts';
import { leastController, type Scene, workers } from './scene.ts';

export async function burst(scene: Scene, subject: Subject, mirror: Mirror): Promise<void> {
  const { run, ground, size, seen } = scene;
  run.say('one change in each Service at once');
  const [raw, rawServers] = await ofServers(ground, () => rawReplace(ground, size, workers));
  const ours = await spentOn(ground, subject, () => changeAll(scene, seen, prefix));
  const mirrorSeen = await SlicesSeen.watch(ground.api, mirrorNamespace);
  const least = await spentOn(ground, mirror, () => changeAll(scene, mirrorSeen, mirrorPrefix));
  mirrorSeen.end();
  const ratio = ours.ms / raw.output.ms;
  const puts = `${milliseconds(raw.output.ms)} for as many PUTs`;
  run.tell({
    id: 'burst',
    what: `one change in each of ${size.services} Services at once, to the last one seen`,
    ours: milliseconds(ours.ms),
    raw: puts,
    ratio,
    goal: '≤ 1.3 × the raw PUTs',
    holds: ratio <= 1.3,
  });
  const bare = { program: raw.cpuMs, servers: rawServers };
  run.tell({ id: 'burst', ...cpuRow(ours.cpu, bare), ratio: leastRatio(ours.cpu, bare) });
  run.tell({
    id: 'burst',
    what: leastController,
    ours: `${milliseconds(least.ms)}; ${cpuOf(least.cpu, 'program')}`,
    raw: puts,
    ratio: least.ms / raw.output.ms,
    goal: 'printed',
  });
}

/** Instance 1 of each Service, below that prefix, gets another address. Returns after how many milliseconds the last one has been seen. */
async function changeAll({ ground, size }: Scene, seen: SlicesSeen, below: string): Promise<number> {
  const ips = range(0, size.services).map((index) => address('changed', 20_000 + index));
  const puts = ips.map((ip, index): [string, string] => [
    keyOfInstance(serviceName(index), 1, below),
    `${ip}:80`,
  ]);
  const all = Promise.all(ips.map((ip) => seen.address(ip)));
  const started = performance.now();
  await inParallel(batches(puts), 8, (batch) => ground.etcd.commit(new Map(batch)));
  return Math.max(...(await all)) - started;
}
