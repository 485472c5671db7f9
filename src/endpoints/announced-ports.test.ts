import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcedPorts } from './announced-ports.ts';
import { matchPorts } from './match-ports.ts';
import type { ServicePort } from './types.ts';

type Ports = Readonly<Record<string, number>>;

const announce = (ports: readonly Ports[], standing: readonly ServicePort[] = []) =>
  announcedPorts(
    standing,
    ports.map((one) => ({ ports: one })),
  );
const shown = (ports: readonly Ports[], standing: readonly ServicePort[] = []) =>
  announce(ports, standing).ports.map(({ name, port }) => `${name}:${port}`);
const tcp = (name: string, port: number): ServicePort => ({ name, port, protocol: 'TCP' });

describe('ports that registrations announce', () => {
  it('are none where nobody announces any', () => {
    expect(announce([{}, {}])).toEqual({ ports: [], leftOut: 0 });
  });

  it('are one without a name where none has a name', () => {
    expect(announce([{ '': 8080 }, { '': 8081 }, { '': 8081 }])).toEqual({
      ports: [tcp('', 8081)],
      leftOut: 0,
    });
  });

  it('are one for each name, with the number that most have for it', () => {
    expect(shown([{ http: 80, grpc: 90 }, { http: 81 }, { http: 81, grpc: 91 }])).toEqual([
      'http:81',
      'grpc:90',
    ]);
  });

  it('have names that are DNS labels, and one without a name is called default beside others', () => {
    expect(shown([{ HTTP: 80, 'grpc.web_': 81, '': 82 }])).toEqual(['http:80', 'grpc-web:81', 'default:82']);
  });

  it('keep name and number, whatever instances say later', () => {
    const standing = [tcp('', 8080), { ...tcp('dns', 53), protocol: 'UDP' as const }];
    expect(shown([], standing)).toEqual(['dns:53', 'default:8080']);
    expect(shown([{ '': 9090, http: 80 }], standing)).toEqual(['dns:53', 'http:80', 'default:8080']);
  });

  it('let each instance be published with its own number', () => {
    const { ports } = announce([{ HTTP: 80, '': 82 }, { HTTP: 81 }]);
    const instance = { address: '10.0.0.1', ready: true, metadata: {}, ports: { HTTP: 8000, '': 8001 } };
    expect(matchPorts(instance, ports).map(({ name, port }) => `${name}:${port}`)).toEqual([
      'http:8000',
      'default:8001',
    ]);
  });

  it('leave out what is no name, a second name of one label, and a second port of one number', () => {
    const { ports, leftOut } = announce([{ '1a': 1, 'a b': 2, HTTP: 80, http: 81, tri: 80 }]);
    expect(ports.map(({ name, port }) => `${name}:${port}`)).toEqual(['http:80']);
    expect(leftOut).toBe(4);
  });

  it('never lead the port without a name to one that is called default', () => {
    const both = announce([{ '': 8080, default: 9090 }]);
    expect(both).toEqual({ ports: [{ ...tcp('default', 8080), targetPort: '' }], leftOut: 1 });
    const grown = announce([{ '': 8080, default: 9090 }], [tcp('default', 9090)]);
    expect(grown).toEqual({ ports: [{ ...tcp('default', 9090), targetPort: 'default' }], leftOut: 1 });
  });

  it('are 32 at most', () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`p${index}`, index + 1]));
    expect(announce([many])).toMatchObject({ ports: { length: 32 }, leftOut: 8 });
  });

  const ports = fc.dictionary(
    fc.constantFrom('', 'default', 'http', 'HTTP', 'grpc', 'constructor', '1'),
    fc.integer({ min: 1, max: 5 }),
  );

  it('are the same in whatever order the instances are', () => {
    fc.assert(
      fc.property(fc.array(ports), (some) => {
        expect(announce(some.toReversed())).toEqual(announce(some));
      }),
    );
  });

  it('are settled once they stand: nothing changes as long as the instances do not', () => {
    fc.assert(
      fc.property(fc.array(ports), (some) => {
        const first = announce(some);
        const standing = first.ports.map(({ name, port, protocol }) => ({ name, port, protocol }));
        expect(announce(some, standing)).toEqual(first);
        expect(announce(some, standing.toReversed())).toEqual(first);
      }),
    );
  });

  it('have names and numbers that a Service can have', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.integer({ min: 1, max: 65_535 }))), (some) => {
        const { ports: found } = announce(some);
        expect(new Set(found.map(({ name }) => name)).size).toBe(found.length);
        expect(new Set(found.map(({ port }) => port)).size).toBe(found.length);
        for (const { name } of found) {
          expect(name).toMatch(
            found.length === 1 ? /^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/ : /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
          );
        }
      }),
    );
  });
});
