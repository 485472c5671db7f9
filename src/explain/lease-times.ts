import type { Clock } from '../clock.ts';
import type { LeaseTime, RegistrySource } from '../etcd/types.ts';

/** How many leases are asked for at the most, how many at a time, and for how long in all. */
const maxLeases = 1000;
const askedAtOnce = 16;
const answersWithinMs = 3000;

/** What etcd says of leases by their ids: `undefined` of one that it does not know. Of one that it says nothing of in time, there is no entry. */
export type LeaseTimes = ReadonlyMap<string, LeaseTime | undefined>;

/** Asks for each of some leases once, bounded; `'0'`, which is none, is left out. Never rejects. */
export async function leaseTimes(
  source: Pick<RegistrySource, 'leaseTime'>,
  leases: Iterable<string>,
  clock: Clock,
): Promise<LeaseTimes> {
  const times = new Map<string, LeaseTime | undefined>();
  const asked = new Set(leases);
  asked.delete('0');
  if (asked.size === 0) {
    return times;
  }
  const queue = [...asked].slice(0, maxLeases).values();
  const deadline = clock.monotonic() + answersWithinMs;
  const worker = async (): Promise<void> => {
    for (const lease of queue) {
      if (clock.monotonic() >= deadline) {
        return;
      }
      try {
        times.set(lease, await source.leaseTime(lease));
      } catch {
        // Not known: there is no entry, which is what the reader is told.
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(asked.size, askedAtOnce) }, worker));
  return times;
}
