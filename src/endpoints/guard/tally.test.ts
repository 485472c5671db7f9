import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpointId } from '../match-ports.ts';
import type { DesiredEndpoint } from '../types.ts';
import { type Share, Tally } from './tally.ts';

const at = (last: number, name = '', port = 80): DesiredEndpoint => ({
  address: `10.0.0.${last}`,
  ports: [{ name, port, protocol: 'TCP' }],
  ready: true,
});

const shareOf = (standing: readonly DesiredEndpoint[], lost: readonly DesiredEndpoint[]): Share => ({
  standing: new Map(standing.map((endpoint) => [endpointId(endpoint), endpoint])),
  lost,
});

describe('the loss of a registry', () => {
  it('counts an instance once, however many services publish it and whatever they call its port', () => {
    const tally = new Tally();
    for (const name of ['http', 'web', '']) {
      tally.set({}, shareOf([at(2, name), at(3, name)], [at(1, name)]));
    }
    expect(tally.loss).toEqual({ lost: 1, stood: 3 });
  });

  it('counts instances of one address apart by their ports', () => {
    const tally = new Tally();
    tally.set({}, shareOf([at(1, '', 80)], [at(1, '', 81)]));
    expect(tally.loss).toEqual({ lost: 1, stood: 2 });
  });

  it('follows each service that changes or goes', () => {
    const [tally, one, two] = [new Tally(), {}, {}];
    tally.set(one, shareOf([at(1)], [at(2)]));
    tally.set(two, shareOf([at(1)], [at(2), at(3)]));
    tally.set(two, shareOf([at(1), at(3)], []));
    expect(tally.loss).toEqual({ lost: 1, stood: 3 });
    tally.delete(one);
    expect(tally.loss).toEqual({ lost: 0, stood: 2 });
    tally.delete(two);
    expect(tally.loss).toEqual({ lost: 0, stood: 0 });
  });

  it('is what one would count by hand, over any history of the same endpoints and of others like them', () => {
    const port = (number: number, name: string) => ({ name, port: number, protocol: 'TCP' }) as const;
    const sets = [
      [],
      [port(80, '')],
      [port(80, 'web')],
      [port(80, 'a'), port(81, 'b')],
      [port(81, 'a'), port(80, 'b')],
      [port(80, 'a'), port(80, 'b')],
    ];
    const pool = [1, 2].flatMap((last) =>
      sets.flatMap((ports) => [1, 2].map(() => ({ ...at(last), ports }))),
    );
    const some = fc.uniqueArray(fc.constantFrom(...pool), { maxLength: 6, selector: endpointId });
    const step = fc.record({ service: fc.constantFrom('a', 'b'), share: fc.option(fc.tuple(some, some)) });
    const textOf = ({ address, ports }: DesiredEndpoint): string =>
      [address, ...new Set(ports.map((one) => one.port))].toSorted().join(' ');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
        const tally = new Tally();
        const services = { a: {}, b: {} };
        const shares = new Map<string, { readonly stood: string[]; readonly lost: string[] }>();
        for (const { service, share } of steps) {
          const [standing, lost] = share ?? [[], []];
          if (share === null) {
            tally.delete(services[service]);
          } else {
            tally.set(services[service], shareOf(standing, lost));
          }
          shares.set(service, { stood: [...standing, ...lost].map(textOf), lost: lost.map(textOf) });
          const all = [...shares.values()];
          expect(tally.loss).toEqual({
            lost: new Set(all.flatMap((one) => one.lost)).size,
            stood: new Set(all.flatMap((one) => one.stood)).size,
          });
        }
      }),
    );
  });
});
