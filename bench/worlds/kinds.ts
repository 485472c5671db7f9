/** 1000 EtcdServices of 10 instances each, for which Services, EndpointSlices and Endpoints have to be made. */
import { openGround } from '../ground.ts';
import { createEtcdServices, range, register } from '../load.ts';
import { SlicesSeen } from '../slices-seen.ts';
import { openIn, type World } from '../world.ts';
import { subjectSync, tellCold } from './cold.ts';
import { ofServers } from './cpu.ts';
import { rawCreate, rawDelete } from './raw-writes.ts';
import { sameWrites } from './same-writes.ts';
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
    const raw = await ofServers(ground, () => rawCreate(ground, size, workers, allKinds));
    const compare = await sameWrites(ground, allKinds);
    await rawDelete(ground, allKinds);
    run.say('cold sync');
    const scene = { run, ground, seen, size };
    const [, spent] = await subjectSync(scene, []);
    await compare();
    tellCold(scene, spent, raw, {
      id: 'cold-all',
      what: ' with Service and Endpoints too',
      created: 'of these three created',
      goal: 0.6,
    });
  },
};
