import { expect } from 'vitest';
import { eventually } from './eventually.ts';
import type { Scene } from './scene.ts';

/** Returns once every range has been listed, and every EtcdService has been worked on afterwards. */
export async function untilVisited({ controller, objects }: Scene): Promise<void> {
  await eventually(
    async () => {
      const ranges = await controller.metric('etcd_endpoints_registry_ranges');
      expect(await controller.metric('etcd_endpoints_registry_lists_total')).toBe(ranges);
      // Those with something to list are looked at before and after.
      const etcdServices = (await objects.list('etcdservices')).length;
      expect(await controller.metric('controller_runtime_reconcile_total')).toBeGreaterThanOrEqual(
        etcdServices + ranges,
      );
    },
    { timeoutMs: 30_000, intervalMs: 100 },
  );
  await controller.untilIdle();
}
