import { describe, expect, it } from 'vitest';
import { instance, readerOf } from '../../test/kit/read-items.ts';

const read = readerOf({ format: 'grpc', prefix: 'services/web' });
const readAt = (value: unknown) => read('services/web/i-1', value)[0];

describe('grpc', () => {
  it.each([
    [{ Op: 0, Addr: '10.0.0.5:8080', Metadata: null }, instance('10.0.0.5', 8080)],
    [
      { Op: 0, Addr: '10.0.0.5:8080', Metadata: { weight: 10, zone: 'a' } },
      instance('10.0.0.5', 8080, { weight: '10', zone: 'a' }),
    ],
    [{ Op: 0, Addr: '[fd00::5]:8080', Metadata: 'v2' }, instance('fd00::5', 8080, { metadata: 'v2' })],
    [{ Op: 0, Addr: '10.0.0.5:8080', Metadata: [1, 2] }, instance('10.0.0.5', 8080)],
    [{ Addr: '10.0.0.5:8080' }, instance('10.0.0.5', 8080)],
  ])('reads %j', (value, item) => {
    expect(readAt(value)).toEqual(item);
  });

  it('ignores what Op says is deleted, whatever its address', () => {
    expect(readAt({ Op: 1, Addr: '10.0.0.5:8080', Metadata: null })).toMatchObject({ kind: 'ignored' });
    expect(readAt({ Op: 1, Addr: '' })).toMatchObject({ kind: 'ignored' });
  });

  it.each([
    [{ Op: 0, Addr: '', Metadata: null }, 'NoAddress'],
    [{ Op: 0, Metadata: { zone: 'a' } }, 'NoAddress'],
    [{ Op: 0, Addr: 5, Metadata: null }, 'InvalidSyntax'],
    [{ Op: 2, Addr: '10.0.0.5:8080' }, 'InvalidSyntax'],
    [{ Op: '0', Addr: '10.0.0.5:8080' }, 'InvalidSyntax'],
    [{ Op: 0, Addr: 'web.example.org:8080' }, 'HostName'],
    ['10.0.0.5:8080', 'InvalidSyntax'],
    ['{"Op":0', 'InvalidSyntax'],
    ['', 'InvalidSyntax'],
  ])('refuses %j as %s', (value, reason) => {
    expect(readAt(value)).toMatchObject({ kind: 'rejected', reason });
  });
});
