import { expect, it } from 'vitest';
import type { DesiredEndpoint, KeyOutcome } from '../../endpoints/types.ts';
import { keyOf } from '../../etcd/key.ts';
import { type Departure, Departures } from './departures.ts';

const ports = [{ name: '', port: 80, protocol: 'TCP' as const }];

/** A key that announces one address. */
function announcing(address: string): KeyOutcome {
  const endpoint: DesiredEndpoint = { address, ports, ready: true };
  const outcomes = [{ kind: 'endpoint' as const, endpoint, partial: false, flaws: [] }];
  return { key: '/web/1', format: 'plain', outcomes, standIns: [] };
}

function departureAt(revision: number): Departure {
  return { key: keyOf('/web/1'), revision, lease: '0', cause: 'changed' };
}

const idOf = (address: string): string => `${address}||80|TCP|`;

it('remembers the last 20 000 that have left, by their last departure', () => {
  const departures = new Departures();
  const addressOf = (index: number): string => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  departures.note(announcing('again'), undefined, departureAt(1));
  for (let index = 0; index < 20_000; index += 1) {
    departures.note(announcing(addressOf(index)), announcing('another'), departureAt(2));
    if (index === 10_000) {
      departures.note(announcing('again'), undefined, departureAt(3));
    }
  }
  expect(departures.get(idOf(addressOf(0)))).toBeUndefined();
  expect(departures.get(idOf(addressOf(1)))).toEqual(departureAt(2));
  expect(departures.get(idOf(addressOf(19_999)))).toEqual(departureAt(2));
  expect(departures.get(idOf('again'))).toEqual(departureAt(3));

  departures.clear();
  expect(departures.get(idOf('again'))).toBeUndefined();
});

it('tells of an endpoint once it is announced no more, and not while it is', () => {
  const told: string[] = [];
  const departures = new Departures(({ address }) => void told.push(address));
  departures.note(announcing('10.0.0.1'), announcing('10.0.0.1'), departureAt(1));
  expect(told).toEqual([]);
  departures.note(announcing('10.0.0.1'), announcing('10.0.0.2'), departureAt(2));
  departures.note(announcing('10.0.0.2'), undefined, departureAt(3));
  expect(told).toEqual(['10.0.0.1', '10.0.0.2']);
});
