/** 1000 EtcdServices of 10 instances each, for which Services, EndpointSlices and Endpoints have to be made. */
import { openGround } from '../ground.ts';
import { createEtcdServices, range, register } from '../load.ts';
import { milliseconds, perSecond } from '../report.ts';
import { SlicesSeen } from '../slices-seen.ts';
import { openIn, type World } from '../world.ts';
import { coldSync } from './cold.ts';
import { cpuRow, leastRatio, ofServers } from './cpu.ts';
import { rawCreate, rawDelete } from './raw-writes.ts';
import { workers } from './scene.ts';

const allKinds = ['services', 'endpointslices', 'endpoints'] as const;

export const kinds: World = {
  name: '1000 EtcdServices × 10, all kinds',
  ids: ['cold-all'],
  async measure(run) {
    const size = { services: run.scaled(1000, 10), instances: 10 };
    const ground = await openIn(run, openGround(run));
    await createEtcdServices(ground, range(0, size.services));
    await register(ground, size);
    const seen = await SlicesSeen.watch(ground.api);
    run.cleanup.defer(() => seen.end());
    const [raw, rawServers] = await ofServers(ground, () => rawCreate(ground, size, workers, allKinds));
    await rawDelete(ground, allKinds);
    run.say('cold sync');
    const { ms, cpu } = await coldSync({ run, ground, seen, size }, []);
    const ratio = raw.output.ms / ms;
    run.tell({
      id: 'cold-all',
      what: `cold sync of ${size.services} × ${size.instances} with Service and Endpoints too`,
      ours: `${perSecond(size.services, ms)}, ${milliseconds(ms)}`,
      raw: `${perSecond(size.services, raw.output.ms)} of these three created`,
      ratio,
      goal: '≥ 0.6 of the raw rate',
      holds: ratio >= 0.6,
    });
    const least = { program: raw.cpuMs, servers: rawServers };
    run.tell({
      id: 'cold-all',
      ...cpuRow(cpu, least, ', the servers’ from the start of the process'),
      ratio: 1 / leastRatio(cpu, least),
    });
  },
};
