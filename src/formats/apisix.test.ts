import { describe, expect, it } from 'vitest';
import { instance, isIgnored, readOne, refused } from '../../test/kit/read-items.ts';
import type { Item } from './types.ts';

const key = '/apisix/upstreams/1';

function itemsOf(value: unknown): readonly Item[] {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const { format, items } = readOne({ key, format: 'apisix' }, key, text);
  expect(format).toBe('apisix');
  return items;
}

const weighing = (weight: number, more = {}) => ({ weight: String(weight), ...more });

describe('apisix', () => {
  it('reads the nodes of a map, each by itself', () => {
    const upstream = { type: 'roundrobin', scheme: 'http', pass_host: 'pass', id: '1' };
    const nodes = { 'httpbin.org:80': 1, '10.0.0.5:80': 1, '[fd00::5]:80': 2, '10.0.0.6': 3 };
    expect(itemsOf({ ...upstream, nodes })).toEqual([
      refused('HostName'),
      instance('10.0.0.5', 80, weighing(1)),
      instance('fd00::5', 80, weighing(2)),
      instance('10.0.0.6', undefined, weighing(3)),
    ]);
  });

  it('reads the nodes of a list, with what they and the upstream say of themselves', () => {
    const nodes = [
      { host: '10.0.0.5', port: 80, weight: 1, priority: -1, metadata: { zone: 'a' } },
      { host: 'fd00::5', port: 80, weight: 1 },
      { host: 'httpbin.org', port: 80, weight: 1 },
      'web',
    ];
    expect(itemsOf({ nodes, labels: { env: 'prod', zone: 'b' } })).toEqual([
      instance('10.0.0.5', 80, weighing(1, { priority: '-1', zone: 'a', env: 'prod' })),
      instance('fd00::5', 80, weighing(1, { zone: 'b', env: 'prod' })),
      refused('HostName'),
      refused('InvalidSyntax'),
    ]);
  });

  it('takes a node of weight 0 for one that is not ready', () => {
    const unready = instance('10.0.0.5', 80, weighing(0), false);
    expect(itemsOf({ nodes: { '10.0.0.5:80': 0 } })).toEqual([unready]);
    expect(itemsOf({ nodes: [{ host: '10.0.0.5', port: 80, weight: 0 }] })).toEqual([unready]);
    expect(itemsOf({ nodes: [{ host: '10.0.0.5', port: 80, weight: '0' }] })).toEqual([unready]);
    expect(itemsOf({ nodes: [{ host: '10.0.0.5', port: 80 }] })).toEqual([instance('10.0.0.5', 80)]);
  });

  it('ignores the value of a directory, and an upstream without nodes', () => {
    expect(itemsOf('init_dir')).toEqual([isIgnored]);
    expect(itemsOf({ nodes: {} })).toEqual([isIgnored]);
    expect(itemsOf({ nodes: [] })).toEqual([isIgnored]);
  });

  it.each([
    [
      'an upstream whose nodes another registry has',
      { service_name: 'web', discovery_type: 'eureka' },
      'NoAddress',
    ],
    ['nodes that are no nodes', { nodes: 'web' }, 'InvalidSyntax'],
    ['what is no JSON', '10.0.0.5:80', 'InvalidSyntax'],
    ['a port beyond 65535', { nodes: [{ host: '10.0.0.5', port: 65_536 }] }, 'InvalidPort'],
    ['an IPv6 address with a port and no brackets', { nodes: { 'fd00::5:80': 1 } }, 'Ambiguous'],
    ['1001 nodes', { nodes: Array.from({ length: 1001 }, () => 1) }, 'InvalidSyntax'],
  ])('refuses %s', (_, value, reason) => {
    expect(itemsOf(value)).toEqual([refused(reason)]);
  });
});
