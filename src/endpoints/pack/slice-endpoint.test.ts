import { expect, it } from 'vitest';
import { slimSliceEndpoint } from './slice-endpoint.ts';

const endpoint = (address: string, ready: boolean) => ({
  addresses: [address],
  conditions: { ready, serving: true, terminating: !ready },
});

it('keeps one object for the conditions of all endpoints that say the same', () => {
  const [first, second, other] = [
    endpoint('10.0.0.1', true),
    endpoint('10.0.0.2', true),
    endpoint('10.0.0.3', false),
  ].map(slimSliceEndpoint);
  expect(second?.conditions).toBe(first?.conditions);
  expect(second).toEqual(endpoint('10.0.0.2', true));
  expect(other).toEqual(endpoint('10.0.0.3', false));
});

it('leaves an endpoint without conditions as it is', () => {
  const bare = { addresses: ['10.0.0.1'], zone: 'a' };
  expect(slimSliceEndpoint(bare)).toBe(bare);
});
