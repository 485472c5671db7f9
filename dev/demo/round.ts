import { etcdServiceResource } from '../../src/api/etcd-service.ts';
import { labels } from '../../src/endpoints/labels.ts';
import { messageOf } from '../../src/errors.ts';
import { ENDPOINT_SLICES } from '../../src/kube/resources.ts';
import type { KubeReader } from '../../src/kube/types.ts';
import type { Report } from '../control-plane/binaries.ts';
import { eventually } from './eventually.ts';
import { Fleet } from './fleet.ts';
import { TTL_SECONDS } from './instance.ts';
import { NAMESPACE, SERVICE } from './objects.ts';
import { type Stage, withLog } from './stage.ts';

/** How long Kubernetes may take to show a change, in milliseconds: generous, for machines that are busy with something else. */
const PATIENCE_MS = 30_000;

/** One round: after each step Kubernetes must publish exactly the instances that are alive. Throws at the first step where it does not. */
export async function playRound(stage: Stage, signal: AbortSignal, say: Report): Promise<void> {
  const { client, published, controller } = stage;
  await using fleet = new Fleet(stage.gateway);

  const check = async (what: string, holds: () => Promise<void>): Promise<void> => {
    const started = performance.now();
    try {
      await Promise.race([holds(), controller.ended]);
    } catch (error) {
      say(`FAILED  ${what}`);
      throw await withLog(error, controller);
    }
    say(`ok  ${what} (${Math.round(performance.now() - started)} ms)`);
  };
  const checkStep = (what: string, step: () => Promise<unknown>): Promise<void> =>
    check(what, async () => {
      await step();
      const expected = fleet.addresses.toSorted();
      const isExpected = (found: readonly string[]): boolean => found.join() === expected.join();
      try {
        await published.until(isExpected, PATIENCE_MS, signal);
      } catch (error) {
        throw new Error(`Expected ${expected.join(', ')}; ${messageOf(error)}`, { cause: error });
      }
    });

  await checkStep('Three instances register: Endpoints hold exactly them', async () => {
    await fleet.add();
    await fleet.add();
    await fleet.add();
  });
  await check('The EtcdService is Ready', () =>
    eventually('condition Ready is True', signal, async () => {
      const found = await client.get(etcdServiceResource, SERVICE, NAMESPACE);
      return found?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    }),
  );
  await checkStep('One changes its port: Endpoints follow', () => fleet.oldest().move(9090));
  await checkStep(`One dies: Endpoints lose it with its lease of ${TTL_SECONDS} s`, () =>
    fleet.release().die(),
  );
  await checkStep('One says goodbye: Endpoints lose it', () => fleet.release().leave());
  if (await client.serves(ENDPOINT_SLICES)) {
    await check('EndpointSlices, which kube-proxy reads, say the same', () =>
      eventually('the slices hold the same', signal, async () => {
        const found = await addressesInSlices(client);
        return found.toSorted().join() === fleet.addresses.toSorted().join();
      }),
    );
  }
}

async function addressesInSlices(client: KubeReader): Promise<readonly string[]> {
  const slices = await client.list(ENDPOINT_SLICES, {
    namespace: NAMESPACE,
    labelSelector: `${labels.serviceName}=${SERVICE}`,
  });
  return slices.flatMap(({ endpoints, ports }) =>
    (endpoints ?? []).flatMap(({ addresses }) => (ports ?? []).map(({ port }) => `${addresses[0]}:${port}`)),
  );
}
