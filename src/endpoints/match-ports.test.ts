import { describe, expect, it } from 'vitest';
import type { Instance } from '../formats/types.ts';
import { matchPorts } from './match-ports.ts';
import type { ServicePort } from './types.ts';

const instance = (ports: Record<string, number>): Instance => ({
  address: '10.0.0.5',
  ports,
  ready: true,
  metadata: {},
});
const servicePort = (more: Partial<ServicePort>): ServicePort => ({
  name: 'http',
  port: 80,
  protocol: 'TCP',
  ...more,
});
const numbers = (ports: Record<string, number>, ...servicePorts: ServicePort[]): number[] =>
  matchPorts(instance(ports), servicePorts).map(({ port }) => port);

describe('the ports that an instance is published for', () => {
  it('are always the number where targetPort is one', () => {
    expect(numbers({ '': 8080 }, servicePort({ targetPort: 9000 }))).toEqual([9000]);
  });

  it('are those of the name where targetPort is a name', () => {
    expect(numbers({ http: 8080, grpc: 9090 }, servicePort({ targetPort: 'grpc' }))).toEqual([9090]);
  });

  it('are its only port where targetPort is absent and it serves several protocols on it', () => {
    expect(numbers({ dubbo: 20_880, tri: 20_880 }, servicePort({}))).toEqual([20_880]);
  });

  it('are its only port where targetPort is absent, whatever its name', () => {
    expect(numbers({ web: 8080 }, servicePort({}))).toEqual([8080]);
  });

  it('are not guessed where targetPort is absent and it has several', () => {
    expect(numbers({ web: 8080, admin: 8081 }, servicePort({}))).toEqual([]);
  });

  it('fall back to defaultTargetPort where it names none', () => {
    expect(numbers({}, servicePort({ defaultTargetPort: 8080 }))).toEqual([8080]);
    expect(numbers({ grpc: 9090 }, servicePort({ targetPort: 'http', defaultTargetPort: 80 }))).toEqual([80]);
  });

  it('are those that it has where it lacks some', () => {
    const ports = [servicePort({ targetPort: 'http' }), servicePort({ name: 'grpc', targetPort: 'grpc' })];
    expect(matchPorts(instance({ grpc: 9090 }), ports)).toEqual([
      { name: 'grpc', port: 9090, protocol: 'TCP' },
    ]);
  });

  it('are one array for instances that have the same, as there may be a million of them', () => {
    const ports = [servicePort({ targetPort: 'http' })];
    const first = matchPorts(instance({ http: 8080 }), ports);
    expect(matchPorts(instance({ http: 8080 }), ports)).toBe(first);
    expect(matchPorts(instance({ http: 8081 }), ports)).not.toBe(first);
    expect(first).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
  });

  it('are never found in the prototype of the ports that it announces', () => {
    expect(numbers({}, servicePort({ targetPort: 'constructor' }))).toEqual([]);
  });

  it('carry the protocol and appProtocol of the Service', () => {
    const port = servicePort({ protocol: 'UDP', appProtocol: 'kubernetes.io/h2c' });
    expect(matchPorts(instance({ '': 53 }), [port])).toEqual([
      { name: 'http', port: 53, protocol: 'UDP', appProtocol: 'kubernetes.io/h2c' },
    ]);
  });
});
