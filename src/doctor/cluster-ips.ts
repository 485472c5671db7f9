import { isIP, isIPv4 } from 'node:net';
import { messageOf } from '../errors.ts';
import { cidrMatcher } from '../formats/cidr.ts';
import { SERVICE_CIDRS, SERVICES, type Service } from '../kube/resources.ts';
import type { KubeClient } from '../kube/types.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';

/** How long all Services may take. */
const longestMs = 60_000;
/** Less than this part of a range, and it is said. */
const leastFree = 0.1;

const action =
  'delete Services that nobody needs, or add a ServiceCIDR (Kubernetes 1.33); headless Services need no address';

/**
 * How many addresses Services can still get. A create with dryRun=All does not tell: the apiserver makes an address up for it. So the Services are
 * counted, a page at a time.
 */
export async function clusterIpFindings(
  client: Pick<KubeClient, 'pages' | 'list'>,
  named: readonly string[],
  servesCidrs: boolean,
): Promise<readonly Finding[]> {
  try {
    const told = servesCidrs ? await client.list(SERVICE_CIDRS, {}) : [];
    const ranges = [...new Set([...named, ...told.flatMap(({ spec }) => spec?.cidrs ?? [])])].sort();
    if (ranges.length === 0) {
      return [
        skipped(
          'ClusterIPs',
          'this cluster does not tell the ranges of Services (Kubernetes 1.33 does): name them by --service-cidr',
        ),
      ];
    }
    const used = await countByRange(client, ranges);
    return ranges.map((range, index) => rangeFinding(range, used[index] ?? 0));
  } catch (error) {
    return [skipped('ClusterIPs', `free addresses cannot be counted: ${messageOf(error)}`)];
  }
}

/** Ranges may overlap: an address is taken in each that holds it. */
async function countByRange(client: Pick<KubeClient, 'pages'>, ranges: readonly string[]): Promise<number[]> {
  const matchers = ranges.map((range) => cidrMatcher([range]));
  const counts = ranges.map(() => 0);
  for await (const { items } of client.pages(SERVICES, {}, AbortSignal.timeout(longestMs))) {
    for (const address of items.flatMap(addressesOf)) {
      for (const [index, holds] of matchers.entries()) {
        counts[index] = (counts[index] ?? 0) + (holds(address) ? 1 : 0);
      }
    }
  }
  return counts;
}

/** A headless Service has `None`. */
function addressesOf({ spec }: Service): readonly string[] {
  const { clusterIP = '', clusterIPs = [clusterIP] } = spec ?? {};
  return clusterIPs.filter((address) => isIP(address) !== 0);
}

export function rangeFinding(range: string, used: number): Finding {
  const size = addressesIn(range);
  const free = Math.max(0, size - used);
  const message = `${free} of ${size} addresses of ${range} are free`;
  if (free === 0) {
    return problem('ClusterIPs', message, action);
  }
  return free < size * leastFree ? warning('ClusterIPs', message, action) : ok('ClusterIPs', message);
}

/** As Kubernetes gives them out: not the network's own, and of IPv4 not the one for broadcasts (pkg/registry/core/service/ipallocator). */
function addressesIn(range: string): number {
  const [address = '', bits] = range.split('/');
  const isV4 = isIPv4(address);
  return Math.max(0, 2 ** ((isV4 ? 32 : 128) - Number(bits)) - (isV4 ? 2 : 1));
}
