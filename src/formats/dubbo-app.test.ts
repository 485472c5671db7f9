import { describe, expect, it } from 'vitest';
import { instance, readerOf } from '../../test/kit/read-items.ts';

const read = readerOf({ format: 'dubbo-app', prefix: '/services/user-app' });
const key = '/services/user-app/10.0.0.5:20880';
const ofGo = {
  ID: '10.0.0.5:20880',
  ServiceName: 'user-app',
  Host: '10.0.0.5',
  Port: 20_880,
  Weight: 0,
  Enable: true,
  Healthy: true,
  Metadata: { 'dubbo.metadata.revision': '7a9c' },
  ServiceMetadata: null,
  Address: '',
  GroupName: '',
  Tag: '',
};
const ofJava = {
  serviceName: 'user-app',
  host: '10.0.0.5',
  port: 20_880,
  enabled: true,
  healthy: true,
  metadata: { 'dubbo.endpoints': '[{"port":20880,"protocol":"dubbo"}]' },
};
const endpoints = (text: unknown) => ({ ...ofJava, metadata: { 'dubbo.endpoints': text } });

describe('dubbo-app', () => {
  it('reads the spelling of Go', () => {
    const metadata = { 'dubbo.metadata.revision': '7a9c' };
    expect(read(key, ofGo)).toEqual([instance('10.0.0.5', 20_880, metadata)]);
  });

  it('reads the spelling of Java, with the protocol of its port', () => {
    expect(read(key, ofJava)).toEqual([instance('10.0.0.5', { dubbo: 20_880 })]);
  });

  it('reads group, tag and weight', () => {
    const value = { ...ofGo, Weight: '50', GroupName: 'g', Tag: 'gray', Metadata: null };
    expect(read(key, value)).toEqual([
      instance('10.0.0.5', 20_880, { group: 'g', tag: 'gray', weight: '50' }),
    ]);
    expect(read(key, { ...value, Weight: 50 })).toEqual(read(key, value));
  });

  it.each([
    ['[{"port":20880,"protocol":"dubbo"},{"port":50051,"protocol":"tri"}]', { dubbo: 20_880, tri: 50_051 }],
    ['[{"port":"50051","protocol":"tri"}]', { '': 20_880, tri: 50_051 }],
    ['[{"port":0,"protocol":"tri"},7,{"protocol":"rest"}]', { '': 20_880 }],
    ['[{', { '': 20_880 }],
    [7, { '': 20_880 }],
  ])('reads the ports of dubbo.endpoints %s', (text, ports) => {
    expect(read(key, endpoints(text))).toEqual([instance('10.0.0.5', ports)]);
  });

  it.each([
    { ...ofGo, Enable: false },
    { ...ofGo, Healthy: false },
    { ...ofJava, enabled: false },
    { ...ofJava, healthy: 'false' },
  ])('keeps an instance that is switched off or unhealthy as one that is not ready', (value) => {
    expect(read(key, value)).toMatchObject([{ kind: 'instance', instance: { ready: false } }]);
  });

  it.each(['', '7587862072904530947', '10.0.0.9:1'])(
    'takes the address in the key where the value is "%s"',
    (value) => {
      expect(read(key, value)).toEqual([instance('10.0.0.5', 20_880)]);
    },
  );

  it('takes what the value lacks from the key', () => {
    expect(read(key, {})).toEqual([instance('10.0.0.5', 20_880)]);
    expect(read(key, { ...ofJava, host: '10.0.0.6' })).toMatchObject([{ instance: { address: '10.0.0.6' } }]);
  });

  it.each([
    ['i-1', {}, 'NoAddress'],
    ['i-1', '', 'NoAddress'],
    ['10.0.0.5:20880', '{"host":', 'InvalidSyntax'],
    ['10.0.0.5:20880', [], 'InvalidSyntax'],
    ['i-1', { ...ofJava, host: 'vm-1' }, 'HostName'],
    ['i-1', { ...ofJava, port: 0 }, 'InvalidPort'],
    ['10.0.0.5:1', { ...ofJava, host: '', port: 2 }, 'Ambiguous'],
  ])('refuses the key %s with %j as %s', (below, value, reason) => {
    expect(read(`/services/user-app/${below}`, value)).toMatchObject([{ kind: 'rejected', reason }]);
  });

  it('ignores a directory', () => {
    expect(read('/services/user-app/', '')).toMatchObject([{ kind: 'ignored' }]);
  });
});
