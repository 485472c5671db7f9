import { describe, expect, it } from 'vitest';
import { instance, readerOf } from '../../test/kit/read-items.ts';

const read = readerOf({ format: 'go-zero', prefix: 'user.rpc' });

describe('go-zero', () => {
  it.each(['user.rpc/7587862072904530947', 'user.rpc/42'])('reads the value at %s', (key) => {
    expect(read(key, '10.0.0.5:8080')).toEqual([instance('10.0.0.5', 8080)]);
  });

  it('reads the same address under two keys twice, to be published once', () => {
    expect(read('user.rpc/7587862072904530947', '10.0.0.5:8080')).toEqual(
      read('user.rpc/7587862072904530999', '10.0.0.5:8080'),
    );
  });

  it.each([
    ['', 'NoAddress'],
    ['7587862072904530947', 'InvalidSyntax'],
    ['{"Addr":"10.0.0.5:8080"}', 'InvalidSyntax'],
    ['vm-1:8080', 'HostName'],
  ])('refuses the value "%s" as %s', (value, reason) => {
    expect(read('user.rpc/10.0.0.7:80', value)).toMatchObject([{ kind: 'rejected', reason }]);
  });
});
