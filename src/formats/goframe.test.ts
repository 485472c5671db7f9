import { describe, expect, it } from 'vitest';
import { instance, readerOf } from '../../test/kit/read-items.ts';

const prefix = '/service/default/default/hello.svc';
const read = readerOf({ format: 'goframe', prefix });
const value = { insecure: true, protocol: 'http' };
const metadata = { version: 'latest', insecure: 'true', protocol: 'http' };

describe('goframe', () => {
  it('reads each endpoint of the key as an instance', () => {
    expect(read(`${prefix}/latest/10.0.0.5:8000`, value)).toEqual([instance('10.0.0.5', 8000, metadata)]);
    expect(read(`${prefix}/latest/10.0.0.5:8000,10.0.0.5:8001,10.0.0.6:8000`, value)).toEqual([
      instance('10.0.0.5', 8000, metadata),
      instance('10.0.0.5', 8001, metadata),
      instance('10.0.0.6', 8000, metadata),
    ]);
  });

  it('reads an empty value as no metadata', () => {
    expect(read(`${prefix}/v2/10.0.0.5:80`, '')).toEqual([instance('10.0.0.5', 80, { version: 'v2' })]);
  });

  it('refuses the endpoints that it cannot read, each for itself', () => {
    expect(read(`${prefix}/latest/10.0.0.5:80,fd00::5:80,vm-1:80,`, value)).toMatchObject([
      { kind: 'instance' },
      { reason: 'Ambiguous' },
      { reason: 'HostName' },
      { reason: 'InvalidSyntax' },
    ]);
  });

  it.each(['{"insecure":', '[]', 'http'])('refuses the value %s', (text) => {
    expect(read(`${prefix}/latest/10.0.0.5:80`, text)).toMatchObject([{ reason: 'InvalidSyntax' }]);
  });

  it('refuses more endpoints than anybody has', () => {
    const endpoints = Array(1001).fill('10.0.0.5:80').join();
    expect(read(`${prefix}/latest/${endpoints}`, value)).toMatchObject([{ kind: 'rejected' }]);
  });

  it('ignores a directory', () => {
    expect(read(`${prefix}/latest/`, '')).toMatchObject([{ kind: 'ignored' }]);
  });
});
