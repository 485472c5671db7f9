import type { Instance } from '../formats/types.ts';
import type { DesiredEndpoint, EndpointPort, ServicePort } from './types.ts';

/** The ports that an instance is published for: those of the Service's ports that it has, in their order. */
export function matchPorts(
  instance: Instance,
  servicePorts: readonly ServicePort[],
): readonly EndpointPort[] {
  const matched: EndpointPort[] = [];
  for (const servicePort of servicePorts) {
    const port = targetOf(instance.ports, servicePort);
    if (port !== undefined) {
      matched.push(endpointPort(servicePort, port));
    }
  }
  // There may be a million of them: a copy has no room for more.
  return matched.slice();
}

function targetOf(
  ports: Instance['ports'],
  { targetPort, defaultTargetPort }: ServicePort,
): number | undefined {
  if (typeof targetPort === 'number') {
    return targetPort;
  }
  const announced = targetPort === undefined ? onlyPort(ports) : ownPort(ports, targetPort);
  return announced ?? defaultTargetPort;
}

/** The port of an instance that has one, under whatever names; of several none is "the" port. */
function onlyPort(ports: Instance['ports']): number | undefined {
  const [port, ...others] = Object.values(ports);
  return others.every((other) => other === port) ? port : undefined;
}

function ownPort(ports: Instance['ports'], name: string): number | undefined {
  return Object.hasOwn(ports, name) ? ports[name] : undefined;
}

function endpointPort({ name, protocol, appProtocol }: ServicePort, port: number): EndpointPort {
  return appProtocol === undefined ? { name, port, protocol } : { name, port, protocol, appProtocol };
}

/** One text per set of ports, equal exactly for equal sets in whatever order (Kubernetes sorts those of Endpoints): endpoints are grouped by it. */
export function portSetKey(ports: readonly EndpointPort[]): string {
  const [only] = ports;
  return only !== undefined && ports.length === 1 ? portKey(only) : ports.map(portKey).sort().join(',');
}

/** One text per port: name, number, protocol and appProtocol, none of which can hold a `|`. */
export function portKey({ name, port, protocol, appProtocol }: EndpointPort): string {
  return `${name}|${port}|${protocol}|${appProtocol ?? ''}`;
}

/** What makes two endpoints the same: address and ports. Everything else of it changes in place. */
export function endpointId({ address, ports }: DesiredEndpoint): string {
  return `${address}|${portSetKey(ports)}`;
}
