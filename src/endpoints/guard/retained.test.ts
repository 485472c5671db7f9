import { expect, it } from 'vitest';
import { heapUsed } from '../../../test/kit/heap.ts';
import { endpointId } from '../match-ports.ts';
import type { DesiredEndpoint } from '../types.ts';
import { Account } from './account.ts';
import { Tally } from './tally.ts';

const services = 100;
const instances = 100;

/** What the guard keeps of an endpoint beside the endpoint itself, with the id and the place by that id which it shares with what is desired. */
const mostBytes = 170;

it(`takes at most ${mostBytes} bytes to remember that an endpoint stands`, () => {
  const ports = [{ name: '', port: 8080, protocol: 'TCP' as const }];
  const desired = Array.from({ length: services }, (_, service) =>
    Array.from(
      { length: instances },
      (_unused, instance): DesiredEndpoint => ({
        address: `10.1.${service}.${instance}`,
        ports,
        ready: true,
      }),
    ),
  );
  const tally = new Tally<Account>();
  const before = heapUsed();
  const accounts = desired.map((endpoints) => {
    const account = new Account([]);
    const byId = new Map(endpoints.map((endpoint) => [endpointId(endpoint), endpoint]));
    account.enter(byId, () => ({ kind: 'loss' }), 1234.5);
    account.published();
    tally.set(account, { standing: account.standing, lost: [] });
    return account;
  });
  const each = (heapUsed() - before) / (services * instances);
  expect(accounts).toHaveLength(services);
  expect(tally.loss.stood).toBe(services * instances);
  expect(each).toBeGreaterThan(100);
  expect(each).toBeLessThan(mostBytes);
});
