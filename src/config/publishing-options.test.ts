import { describe, expect, it } from 'vitest';
import { config, problems } from '../../test/kit/controller-options.ts';

describe('the options of what is published', () => {
  it('name each kind once, in one order', () => {
    expect(config({ publish: 'EndpointSlice,Endpoints,EndpointSlice' }).publish).toEqual([
      'Endpoints',
      'EndpointSlice',
    ]);
    expect(problems({ publish: 'Pods' }).join()).toMatch(/--publish .*one of Endpoints, EndpointSlice/);
  });

  it('switch the guard of the registry off', () => {
    expect(config({ guard: 'off', 'guard-ignore-below': '20' }).guard).toBeUndefined();
  });

  it.each([
    [{ 'stale-seconds': '60' }],
    [{ 'stale-seconds': '60', 'election-etcd': 'http://10.0.0.2:2379,http://10.0.0.1:2379' }],
  ])('refuse, with the reason, to count etcd as stale that the election hangs on: %j', (flags) => {
    expect(problems(flags)).toEqual([
      '--stale-seconds 60: the election is held in the same etcd, so nobody leads while it is away; use --leader-elect=kubernetes or --election-etcd',
    ]);
  });

  it.each([
    [{ 'leader-elect': 'kubernetes' }],
    [{ 'leader-elect': 'off' }],
    [{ 'election-etcd': 'http://b' }],
  ])('count etcd as stale where the election does not hang on it: %j', (flags) => {
    expect(config({ 'stale-seconds': '60', ...flags }).staleMs).toBe(60_000);
  });
});
