import { describe, expect, it } from 'vitest';
import { instance, isIgnored, readAll, readOne, refused } from '../../test/kit/read-items.ts';
import { type FormatName, formatNames, formats } from './formats.ts';
import type { Format, Reading } from './types.ts';

function read(below: string, value: unknown): Reading {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return readOne({ prefix: '/services/web', format: 'auto' }, `/services/web/${below}`, text);
}

const isTold = (name: FormatName): boolean => (formats[name] as Format<unknown>).recognises !== undefined;

/** A value of go-micro with one node, and whatever else stands beside. */
const service = (address: string, more = {}) => ({
  name: 'web',
  version: 'latest',
  endpoints: [],
  nodes: [{ id: 'web-1', address }],
  ...more,
});

describe('auto', () => {
  it.each(formatNames.filter(isTold))('tells %s by itself, and reads it alike', (name) => {
    const { source, registrations } = formats[name].example;
    const found = readAll({ ...source, format: 'auto' }, registrations);
    expect(found).toEqual(readAll({ ...source, format: name }, registrations));
    expect(Object.values(found).map(({ format }) => format)).toContain(name);
  });

  it.each([
    ['an address', '10.0.0.5:8080', 'plain'],
    ['IPv6 in brackets', '[::5]:80', 'plain'],
    ['IPv6 in brackets alone', '[fd00::5]', 'plain'],
    ['an object with common names', '{"ip":"10.0.0.5"}', 'json'],
    ['a list', '[1, 2]', 'json'],
    ['a text of JSON', '"10.0.0.5:80"', 'json'],
    ['JSON that ends early', '{"ip":"10.0.0.5"', 'json'],
  ])('reads %s as %s does where no format tells it', (_, value, format) => {
    expect(read('i1', value)).toEqual({
      format,
      items: readOne({ prefix: '/services/web', format: format as FormatName }, '/services/web/i1', value)
        .items,
    });
  });

  it('takes readings that name the same addresses and ports for one', () => {
    const value = service('10.0.0.5:80', { address: '10.0.0.5', port: 80 });
    expect(read('i1', value)).toMatchObject({ format: 'go-micro', items: [{ kind: 'instance' }] });
  });

  it('lets one format know more ports of an address than another', () => {
    expect(read('i1', service('10.0.0.5:80', { address: '10.0.0.5' }))).toMatchObject({ format: 'go-micro' });
  });

  it.each([
    ['address', service('10.0.0.5:80', { ip: '10.0.0.6', port: 80 }), 'go-micro and json'],
    ['port', service('10.0.0.5:80', { ip: '10.0.0.5', port: 81 }), 'go-micro and json'],
    [
      'number of addresses',
      service('10.0.0.5:80', {
        Op: 0,
        Addr: '10.0.0.5:80',
        Metadata: null,
        nodes: [{ address: '10.0.0.5:80' }, { address: '10.0.0.6:80' }],
      }),
      'grpc and go-micro',
    ],
  ])('refuses to guess between two formats that read another %s, and names both', (_, value, both) => {
    expect(read('i1', value)).toEqual({
      format: undefined,
      items: [refused('AmbiguousFormat', expect.stringContaining(`${both} read different`))],
    });
  });

  it('believes a format that says that the key is no instance', () => {
    expect(read('i1', { Op: 1, Addr: '10.0.0.5:80', Metadata: null })).toEqual({
      format: 'grpc',
      items: [isIgnored],
    });
  });

  it('believes a format that refuses a value of its own', () => {
    expect(read('i1', service('vm-1:80'))).toEqual({ format: 'go-micro', items: [refused('HostName')] });
  });

  it('takes an address in the key only where nothing is known of the value', () => {
    expect(read('10.0.0.6', service('10.0.0.5:80')).items).toMatchObject([
      { instance: { address: '10.0.0.5' } },
    ]);
    expect(read('10.0.0.6', { zone: 'a' }).items).toEqual([instance('10.0.0.6')]);
  });

  it('never takes members of Patroni, since only their user knows which of them are meant', () => {
    const { registrations } = formats.patroni.example;
    const found = readAll({ prefix: '/service/batman', format: 'auto' }, registrations);
    expect(Object.values(found).flatMap(({ items }) => items)).toEqual([
      refused('HostName'),
      refused('NoAddress'),
    ]);
  });
});
