import type { Instance } from '../formats/types.ts';
import type { DesiredEndpoint, EndpointPort, ServicePort } from './types.ts';

/** What the last instance was published for, by the Service's ports. */
const lastMatched = new WeakMap<readonly ServicePort[], readonly EndpointPort[]>();

/**
 * The ports that an instance is published for: those of the Service's ports that it has, in their order. The same array for one instance after another that
 * has the same ones: mostly all have, and there may be a million of them.
 */
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
  const last = lastMatched.get(servicePorts);
  if (last !== undefined && samePorts(last, matched)) {
    return last;
  }
  // A copy has no room for more.
  const kept = matched.slice();
  lastMatched.set(servicePorts, kept);
  return kept;
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

/** Whether they are the same, in the same order. */
export function samePorts(a: readonly EndpointPort[], b: readonly EndpointPort[]): boolean {
  return a === b || (a.length === b.length && a.every((port, index) => samePort(port, b[index])));
}

function samePort(a: EndpointPort, b: EndpointPort | undefined): boolean {
  return (
    a.port === b?.port && a.name === b.name && a.protocol === b.protocol && a.appProtocol === b.appProtocol
  );
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
  // Many are kept for long, and what V8 joins is one text where a template is a tree of its parts, three times as large.
  return [address, portSetKey(ports)].join('|');
}
