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
});
