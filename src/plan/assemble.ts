import type { Clock } from '../clock.ts';
import type { PlanConfig } from '../config/plan-options.ts';
import { Claims } from '../controller/claims/claims.ts';
import { Preparer } from '../controller/preparing.ts';
import { EndpointsKeeper } from '../controller/publish/endpoints-keeper.ts';
import { ForeignSlices } from '../controller/publish/foreign-slices.ts';
import { NodeNames } from '../controller/publish/node-names.ts';
import { OwnWrites } from '../controller/publish/own-writes.ts';
import { Publisher } from '../controller/publish/publisher.ts';
import { ServiceKeeper } from '../controller/publish/service-keeper.ts';
import { SlicesHandBack } from '../controller/publish/slices-hand-back.ts';
import { SlicesKeeper, valuesOfSlice } from '../controller/publish/slices-keeper.ts';
import { TrackedServices } from '../controller/tracked.ts';
import { ENDPOINT_SLICES, SERVICES } from '../kube/resources.ts';
import {
  type KubeObject,
  type KubeReader,
  type ObjectMeta,
  objectKey,
  type Resource,
} from '../kube/types.ts';
import { FixedCache } from './fixed-cache.ts';
import { Changes, Planner } from './planner.ts';
import { RecordingWriter } from './recording-writer.ts';
import type { PlanRegistries } from './registries.ts';
import type { World } from './world.ts';

export interface PlannerParts {
  readonly world: World;
  readonly registries: PlanRegistries;
  readonly reader: KubeReader;
  readonly clock: Clock;
}

/** The controller's own parts around a writer that only notes; who knows of whom stands here. */
export function assemblePlanner(
  config: PlanConfig,
  { world, registries, reader, clock }: PlannerParts,
): { readonly planner: Planner; close(): void } {
  const own = {
    services: new OwnWrites(new FixedCache(world.services), clock),
    endpoints: new OwnWrites(new FixedCache(world.endpoints), clock),
    slices: new OwnWrites(new FixedCache(world.slices), clock, valuesOfSlice),
  };
  const standing = new FixedCache(world.services);
  const find = async <T extends KubeObject>(
    resource: Resource<T>,
    meta: ObjectMeta,
  ): Promise<T | undefined> =>
    (await reader.get(resource, meta.name, meta.namespace)) ??
    // A Service of the files stands as if it were applied.
    (resource.plural === SERVICES.plural ? (standing.get(objectKey(meta)) as T | undefined) : undefined);
  const writer = new RecordingWriter(find);
  // Whatever may stand is looked at: a plan is made once.
  const strangers = { mayHave: async () => true };
  const services = new ServiceKeeper({
    services: own.services,
    reader,
    writer,
    strangers,
    done: () => undefined,
  });
  const slices = new SlicesKeeper({
    slices: own.slices,
    reader,
    writer,
    maxEndpoints: config.maxEndpointsPerSlice,
  });
  const publisher = new Publisher({
    endpoints: new EndpointsKeeper({ endpoints: own.endpoints, reader, writer }),
    slices,
    strangers,
    foreignSlices: new ForeignSlices({ reader, writer, removed: () => undefined }),
    handBack: new SlicesHandBack({ slices, clock, notMirrored: () => undefined }),
    kinds: config.publish,
    servesSlices: () => reader.serves(ENDPOINT_SLICES),
    nodeNames: config.nodeNames ? new NodeNames(new FixedCache(world.nodes)) : undefined,
    endpointsRemoved: () => undefined,
  });
  const changes = new Changes();
  const tracked = new TrackedServices({ clock, forgotten: () => undefined });
  const preparer = new Preparer({
    claims: new Claims(new FixedCache(world.etcdServices)),
    services,
    registries: registries.uses,
    maxValueBytes: config.maxValueBytes,
    leadsSince: () => 0,
    changed: ({ key }) => changes.tell(key),
    departed: () => undefined,
    clock,
  });
  const { problems } = registries;
  return {
    planner: new Planner({
      preparer,
      services,
      publisher,
      tracked,
      writer,
      problems,
      changes,
      clock,
      config,
    }),
    close() {
      tracked.close();
      for (const writes of Object.values(own)) {
        writes.close();
      }
    },
  };
}
