import { describe, expect, it } from 'vitest';
import { paramsOf, readUrl } from './url.ts';

const at = (address: string, port?: number) => ({ kind: 'host-port', address, port });

describe('readUrl', () => {
  it.each([
    ['http://10.0.0.5:8000?isSecure=false', 'http', at('10.0.0.5', 8000), 'isSecure=false'],
    ['http://10.0.0.5:80', 'http', at('10.0.0.5', 80), ''],
    ['GRPC://[fd00::5]:9000/', 'grpc', at('fd00::5', 9000), ''],
    ['dubbo://10.0.0.5:20880/com.acme.User?a=1&b=2#c=3', 'dubbo', at('10.0.0.5', 20_880), 'a=1&b=2'],
    ['postgres://admin:hunter2@10.0.0.5:5432/postgres', 'postgres', at('10.0.0.5', 5432), ''],
    ['http://10.0.0.5', 'http', at('10.0.0.5'), ''],
    ['http://10.0.0.5:80#a?b', 'http', at('10.0.0.5', 80), ''],
  ])('reads %s', (text, scheme, host, query) => {
    expect(readUrl(text)).toEqual({ kind: 'url', scheme, host, query });
  });

  it.each([
    ['10.0.0.5:80', 'InvalidSyntax'],
    ['://10.0.0.5:80', 'InvalidSyntax'],
    ['a b://10.0.0.5:80', 'InvalidSyntax'],
    ['http://', 'InvalidSyntax'],
    ['http://1:80', 'InvalidSyntax'],
    ['http://localhost:80', 'HostName'],
    ['http://fd00::5:80', 'Ambiguous'],
    ['http://127.0.0.1:80', 'InvalidAddress'],
    ['http://10.0.0.5:0', 'InvalidPort'],
  ])('refuses %s as %s', (text, reason) => {
    expect(readUrl(text)).toMatchObject({ kind: 'rejected', reason });
  });
});

describe('paramsOf', () => {
  it('decodes names and texts, and bears with what cannot be decoded', () => {
    expect(paramsOf('a=1%202&b=x+y&c&d=%zz')).toEqual({ a: '1 2', b: 'x y', c: '', d: '%zz' });
  });

  it('takes the last of several', () => {
    expect(paramsOf('group=a&group=b')).toEqual({ group: 'b' });
  });
});
