import { describe, expect, it } from 'vitest';
import { instance, readerOf } from '../../test/kit/read-items.ts';

const prefix = '/dubbo/com.acme.UserService';
const read = readerOf({ format: 'dubbo', prefix });
const at = (url: string) => `${prefix}/providers/${encodeURIComponent(url)}`;
const example = `${prefix}/providers/dubbo%3A%2F%2F10.0.0.5%3A20880%2Fcom.acme.UserService%3Fapplication%3Duser%26methods%3DGetUser%26weight%3D100`;

describe('dubbo', () => {
  it.each([
    ['Go', ''],
    ['Java', '7587862072904530947'],
  ])('reads the URL in a key of %s', (_, value) => {
    const metadata = { application: 'user', methods: 'GetUser', weight: '100' };
    expect(read(example, value)).toEqual([instance('10.0.0.5', { dubbo: 20_880 }, metadata)]);
  });

  it('reads it below the prefix of the providers and in a single key too', () => {
    const item = read(example, '');
    expect(readerOf({ format: 'dubbo', prefix: `${prefix}/providers` })(example, '')).toEqual(item);
    expect(readerOf({ format: 'dubbo', key: example })(example, '')).toEqual(item);
    expect(readerOf({ format: 'dubbo', prefix: '/dubbo' })(example, '')).toEqual(item);
  });

  it.each([
    ['tri://10.0.0.5:50051/x?group=g', instance('10.0.0.5', { tri: 50_051 }, { group: 'g' })],
    ['dubbo://user:hunter2@10.0.0.5:1/x', instance('10.0.0.5', { dubbo: 1 })],
    ['dubbo://[fd00::5]:20880/x', instance('fd00::5', { dubbo: 20_880 })],
    ['dubbo://10.0.0.5:1/x?enabled=false', instance('10.0.0.5', { dubbo: 1 }, { enabled: 'false' }, false)],
    ['dubbo://10.0.0.5:1/x?disabled=true', instance('10.0.0.5', { dubbo: 1 }, { disabled: 'true' }, false)],
    ['dubbo://10.0.0.5:1/x?disabled=false', instance('10.0.0.5', { dubbo: 1 }, { disabled: 'false' })],
  ])('reads %s', (url, item) => {
    expect(read(at(url), '')).toEqual([item]);
  });

  it.each([
    ['/dubbo', ''],
    [prefix, ''],
    [prefix, '-1837263'],
    [`${prefix}/providers`, '1722631'],
    [`${prefix}/providers/`, ''],
    [`${prefix}/consumers`, ''],
    [`${prefix}/consumers/consumer%3A%2F%2F10.0.0.9%2Fcom.acme.UserService`, ''],
    [`${prefix}/configurators/override%3A%2F%2F0.0.0.0%2Fcom.acme.UserService`, ''],
    [`${prefix}/routers/route%3A%2F%2F0.0.0.0%2Fcom.acme.UserService`, ''],
  ])('ignores %s', (key, value) => {
    expect(readerOf({ format: 'dubbo', prefix: '/dubbo', separator: '' })(key, value)).toMatchObject([
      { kind: 'ignored' },
    ]);
  });

  it.each([
    ['%zz', 'InvalidKey'],
    ['dubbo%3A%2F%2F10.0.0.5%3A20880%', 'InvalidKey'],
    ['10.0.0.5:20880', 'InvalidSyntax'],
    [encodeURIComponent('dubbo://vm-1:20880/x'), 'HostName'],
    [encodeURIComponent('dubbo://fd00::5:20880/x'), 'InvalidAddress'],
    [encodeURIComponent('dubbo://10.0.0.5:99999/x'), 'InvalidPort'],
  ])('refuses the provider %s as %s', (last, reason) => {
    expect(read(`${prefix}/providers/${last}`, '')).toMatchObject([{ kind: 'rejected', reason }]);
  });

  it('leaves no directory to other formats where the format is to be found', () => {
    const find = readerOf({ format: 'auto', prefix });
    expect(find(`${prefix}/providers`, '1722631')).toMatchObject([{ kind: 'ignored' }]);
    expect(find(`${prefix}/consumers/consumer%3A%2F%2F10.0.0.9%2Fx`, '')).toMatchObject([
      { kind: 'ignored' },
    ]);
  });
});
