import type { Service } from '../../kube/resources.ts';
import { isHeadless, portsOf } from '../plan-service.ts';
import type { ServicePort } from '../types.ts';

/** What an EtcdService asks of its Service. */
export interface AskedService {
  readonly headless: boolean;
  /** Undefined where the ports of the Service count, whatever they are. */
  readonly ports: readonly ServicePort[] | undefined;
}

/**
 * What of a Service itself is not as the EtcdService asks for, for people. A Service that stands before is never changed, so each of these stays after
 * its endpoints are taken over. An ExternalName has none of it: it becomes what is asked for.
 */
export function serviceDifferences(service: Service | undefined, asked: AskedService): readonly string[] {
  if (service === undefined) {
    return ['there is no Service of that name'];
  }
  const type =
    isHeadless(service) === asked.headless
      ? []
      : [
          asked.headless
            ? 'it has a cluster IP, and is to be headless'
            : 'it is headless, and is to have a cluster IP',
        ];
  if (asked.ports === undefined) {
    return type;
  }
  const [stand, wanted] = [portTexts(portsOf(service)), portTexts(asked.ports)];
  return [
    ...type,
    ...[...wanted.difference(stand)].map((port) => `it has no port ${port}, which spec.ports names`),
    ...[...stand.difference(wanted)].map((port) => `it has the port ${port}, which spec.ports does not name`),
  ];
}

function portTexts(ports: readonly ServicePort[]): ReadonlySet<string> {
  return new Set(
    ports.map(({ name, port, protocol }) => `${port}/${protocol}${name === '' ? '' : ` (${name})`}`),
  );
}
