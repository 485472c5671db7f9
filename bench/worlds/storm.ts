/** Many changes in little time: within one Service while it is followed, and all over the place while etcd was out of reach. */
import { startTcpProxy } from '../../test/kit/tcp-proxy.ts';
import type { LoopDelay } from '../delays.ts';
import { type Ground, openGround } from '../ground.ts';
import { createEtcdServices, range, register, type Size } from '../load.ts';
import { serviceName } from '../objects.ts';
import { runRaw } from '../raw/program.ts';
import type { Storm, StormEnd } from '../raw/storm.ts';
import { megabytes, milliseconds } from '../report.ts';
import { SlicesSeen } from '../slices-seen.ts';
import { Subject } from '../subject.ts';
import { openIn, type Run, type World } from '../world.ts';

const size: Size = { services: 1, instances: 1000 };
const program = new URL('../raw/storm.ts', import.meta.url);

export const storm: World = {
  name: 'A storm within one Service',
  ids: ['storm', 'replay'],
  async measure(run) {
    const ground = await openIn(run, openGround(run));
    await register(ground, size);
    await createEtcdServices(ground, range(0, size.services));
    const seen = await SlicesSeen.watch(ground.api);
    run.cleanup.defer(() => seen.end());
    const proxy = await startTcpProxy(Number(new URL(`http://${ground.etcdAddress}`).port));
    run.cleanup.defer(() => proxy.close());
    const etcd = [`http://${proxy.address}`];
    const subject = await openIn(run, Subject.start(ground, { etcd, isLoopWatched: true }));
    await seen.until(holds(size.instances));
    if (run.wants('storm')) {
      await storming(run, ground, seen, subject);
    }
    if (run.wants('replay')) {
      run.say('events replay');
      proxy.refuse();
      proxy.cut();
      const changes = run.scaled(100_000, 10_000);
      const { output } = await runRaw<Storm, StormEnd>(program, {
        etcd: ground.etcdAddress,
        service: serviceName(0),
        instances: size.instances,
        changes,
        ms: 0,
      });
      await subject.loopDelay();
      const before = await subject.metric('etcd_endpoints_registry_events_total');
      proxy.heal();
      await seen.until(holdsAll(output.addresses));
      const delay = await subject.loopDelay();
      const events = (await subject.metric('etcd_endpoints_registry_events_total')) - before;
      run.tell({
        id: 'replay',
        what: `event loop delay while ${events} events replay`,
        ours: delayOf(delay),
        raw: '',
        goal: 'p99 ≤ 50 ms, max ≤ 1 s',
        holds: isPrompt(delay),
      });
    }
  },
};

export function delayOf({ p99, max }: LoopDelay): string {
  return `p99 ${milliseconds(p99)}, max ${milliseconds(max)}`;
}

/** Keepalives must never starve behind what is decoded. */
export function isPrompt({ p99, max }: LoopDelay): boolean {
  return p99 <= 50 && max <= 1000;
}

async function storming(run: Run, ground: Ground, seen: SlicesSeen, subject: Subject): Promise<void> {
  const [changes, ms] = [run.scaled(50_000, 1000), run.scaled(5000, 1000)];
  run.say(`${changes} changes in ${milliseconds(ms)}`);
  const before = await subject.usage();
  seen.writes.clear();
  const toWallClock = Date.now() - performance.now();
  const { output } = await runRaw<Storm, StormEnd>(program, {
    etcd: ground.etcdAddress,
    service: serviceName(0),
    instances: size.instances,
    changes,
    ms,
  });
  const at = await seen.until(holdsAll(output.addresses));
  const converged = Math.max(0, at + toWallClock - output.endedAt);
  const mostWrites = Math.max(...seen.writes.values()) / ((ms + converged) / 1000);
  const grown = (await subject.usage()).residentBytes - before.residentBytes;
  run.tell({
    id: 'storm',
    what: `storm: ${changes} changes in ${milliseconds(ms)} within one Service of ${size.instances} instances`,
    ours: `${mostWrites.toFixed(1)} writes a second a slice, converged ${milliseconds(converged)} after the last change, nothing lost, ${megabytes(grown)} more`,
    raw: '',
    goal: '≤ 10 writes a second a slice, ≤ 0.5 s',
    holds: mostWrites <= 10 && converged <= 500 && seen.breaks === 0,
  });
}

function holds(count: number): (slices: ReadonlyMap<string, readonly string[]>) => boolean {
  return (slices) => [...slices.values()].reduce((sum, { length }) => sum + length, 0) === count;
}

/** Whether the slices hold these addresses and no other. */
function holdsAll(addresses: readonly string[]): (slices: ReadonlyMap<string, readonly string[]>) => boolean {
  const wanted = new Set(addresses);
  return (slices) => {
    const held = [...slices.values()].flat();
    return held.length === wanted.size && held.every((ip) => wanted.has(ip));
  };
}
