import { describe, expect, it } from 'vitest';
import { readHost, readHostPort } from './host-port.ts';

describe('readHostPort', () => {
  it.each([
    ['10.0.0.5:8080', '10.0.0.5', 8080],
    ['10.0.0.5', '10.0.0.5', undefined],
    ['[2001:DB8::1]:443', '2001:db8::1', 443],
    ['[2001:db8::1]', '2001:db8::1', undefined],
    ['2001:db8::abcd', '2001:db8::abcd', undefined],
    ['fd00:0:0:0:0:0:0:5', 'fd00::5', undefined],
    ['10.0.0.5:1', '10.0.0.5', 1],
    ['10.0.0.5:65535', '10.0.0.5', 65_535],
  ])('reads %s', (text, address, port) => {
    expect(readHostPort(text)).toEqual({ kind: 'host-port', address, port });
  });

  it.each([
    ['10.0.0.5:0', 'InvalidPort'],
    ['10.0.0.5:65536', 'InvalidPort'],
    ['10.0.0.5:-1', 'InvalidPort'],
    ['10.0.0.5:80x', 'InvalidPort'],
    ['10.0.0.5:+80', 'InvalidPort'],
    ['10.0.0.5:080', 'InvalidPort'],
    ['10.0.0.5: 80', 'InvalidPort'],
    ['10.0.0.5:', 'InvalidPort'],
    ['10.0.0.5:http', 'InvalidPort'],
    ['[fd00::5]:0', 'InvalidPort'],
    ['localhost:8080', 'HostName'],
    ['127.0.0.1:8080', 'InvalidAddress'],
    ['2001:db8::1:8080', 'Ambiguous'],
    ['fd00:0:0:0:0:0:0:5:8080', 'InvalidAddress'],
    ['fd00::5:65535', 'InvalidAddress'],
    ['[10.0.0.5]:80', 'InvalidSyntax'],
    ['[fd00::5', 'InvalidSyntax'],
    ['[fd00::5]80', 'InvalidSyntax'],
    ['10.0.0.5:80:80', 'InvalidSyntax'],
    ['http://10.0.0.5:80', 'InvalidSyntax'],
    ['', 'InvalidSyntax'],
  ])('refuses %s as %s', (text, reason) => {
    expect(readHostPort(text)).toMatchObject({ kind: 'rejected', reason });
  });

  it('takes what may be IPv6 with a port for an address where the port is named elsewhere', () => {
    expect(readHost('2001:db8::1:8080')).toEqual({
      kind: 'host-port',
      address: '2001:db8::1:8080',
      port: undefined,
    });
    expect(readHost('10.0.0.5:80')).toEqual({ kind: 'host-port', address: '10.0.0.5', port: 80 });
  });
});
