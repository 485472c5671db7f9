import { describe, expect, it } from 'vitest';
import { instance, readerOf } from '../../test/kit/read-items.ts';

const read = readerOf({ format: 'go-micro', prefix: '/micro/registry/greeter' });
const key = '/micro/registry/greeter/greeter-6f1c';
const service = (nodes: unknown, more: object = {}) =>
  read(key, { name: 'greeter', version: 'latest', metadata: null, endpoints: [], nodes, ...more });

describe('go-micro', () => {
  it('reads a node with its metadata and the version of its service', () => {
    const metadata = { protocol: 'grpc', registry: 'etcd', server: 'grpc', transport: 'grpc' };
    const node = { metadata, id: 'greeter-6f1c', address: '10.0.0.5:8080' };
    expect(service([node])).toEqual([instance('10.0.0.5', 8080, { version: 'latest', ...metadata })]);
  });

  it('reads each of several nodes for itself', () => {
    const items = service([
      { address: '10.0.0.5:80' },
      { address: 'vm-1:80' },
      7,
      { address: '[fd00::5]:80' },
    ]);
    expect(items).toMatchObject([
      { instance: { address: '10.0.0.5' } },
      { reason: 'HostName' },
      { reason: 'InvalidSyntax' },
      { instance: { address: 'fd00::5', ports: { '': 80 } } },
    ]);
  });

  it('takes metadata of the node before that of the service, and the version before both', () => {
    const node = { address: '10.0.0.5:80', metadata: { zone: 'a', version: 'x' } };
    expect(service([node], { version: 'v2', metadata: { zone: 'b', env: 'prod' } })).toEqual([
      instance('10.0.0.5', 80, { version: 'v2', zone: 'a', env: 'prod' }),
    ]);
  });

  it('reads the port that old versions write into a field of its own', () => {
    expect(service([{ address: '10.0.0.5', port: 80 }])).toEqual([
      instance('10.0.0.5', 80, { version: 'latest' }),
    ]);
    expect(service([{ address: '10.0.0.5:80', port: 81 }])).toMatchObject([{ reason: 'Ambiguous' }]);
    expect(service([{ address: '10.0.0.5', port: -1 }])).toMatchObject([{ reason: 'InvalidPort' }]);
  });

  it('takes no method of the service for an address', () => {
    const endpoints = [{ name: 'Say.Hello', address: '10.0.0.9:1' }];
    expect(service([{ address: '10.0.0.5:80' }], { endpoints })).toEqual([
      instance('10.0.0.5', 80, { version: 'latest' }),
    ]);
  });

  it.each([
    [[], 'ignored'],
    [null, 'ignored'],
    [{}, 'rejected'],
    ['10.0.0.5:80', 'rejected'],
    [Array(1001).fill({ address: '10.0.0.5:80' }), 'rejected'],
  ])('says one thing of nodes that are %j', (nodes, kind) => {
    expect(service(nodes)).toMatchObject([{ kind }]);
  });
});
