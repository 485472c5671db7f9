import type { Clock } from '../clock.ts';
import type { RegistrySource } from '../etcd/types.ts';

/** How many leases are asked for at the most, how many at a time, and for how long in all: what is to be published waits for the answers. */
const maxLeases = 1000;
const askedAtOnce = 32;
const answersWithinMs = 5000;

/** Which of these leases live. One that etcd says nothing of in time does not: then what vanished under it is held rather than lost. */
export async function livingLeases(
  source: Pick<RegistrySource, 'leaseLives'>,
  leases: Iterable<string>,
  clock: Clock,
): Promise<ReadonlySet<string>> {
  const living = new Set<string>();
  const queue = [...new Set(leases)].slice(0, maxLeases).values();
  const deadline = clock.monotonic() + answersWithinMs;
  const worker = async (): Promise<void> => {
    for (const lease of queue) {
      if (clock.monotonic() < deadline && (await lives(source, lease))) {
        living.add(lease);
      }
    }
  };
  await Promise.all(Array.from({ length: askedAtOnce }, worker));
  return living;
}

async function lives(source: Pick<RegistrySource, 'leaseLives'>, lease: string): Promise<boolean> {
  try {
    return await source.leaseLives(lease);
  } catch {
    return false;
  }
}
