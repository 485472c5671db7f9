import type { Service } from '../kube/resources.ts';
import type { AddressFamily } from './pack/types.ts';

const bothFamilies: readonly AddressFamily[] = ['IPv4', 'IPv6'];

export function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/**
 * The families of addresses that a Service has, its first one first. A server that knows one family alone (before 1.21) says so by the
 * cluster IP; where nothing tells, as with a headless Service there, it may be either.
 */
export function familiesOf(service: Service | undefined): readonly AddressFamily[] {
  const { ipFamilies = [], clusterIP = 'None' } = service?.spec ?? {};
  if (ipFamilies.length > 0) {
    return ipFamilies;
  }
  return clusterIP === 'None' || clusterIP === '' ? bothFamilies : [familyOf(clusterIP)];
}
