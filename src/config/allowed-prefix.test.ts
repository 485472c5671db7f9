import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf, prefixRange, singleRange } from '../etcd/key.ts';
import { type AllowedPrefix, mayRead } from './allowed-prefix.ts';

function below(prefix: string) {
  return prefixRange(keyOf(prefix));
}

function one(key: string) {
  return singleRange(keyOf(key));
}

describe('without any prefix listed', () => {
  it.each(['/services/web/', '/a', 'user.rpc/', 'x', '/ä/'])('every namespace may read %s', (prefix) => {
    expect(mayRead([], 'shop', below(prefix))).toBe(true);
  });

  it('every namespace may read any one key', () => {
    expect(mayRead([], 'shop', one('/'))).toBe(true);
  });

  it.each(['/', ''])('no namespace may read the root %j', (prefix) => {
    expect(mayRead([], 'shop', below(prefix))).toBe(false);
  });
});

describe('a listed prefix', () => {
  const allowed: readonly AllowedPrefix[] = [
    { namespace: 'shop', prefix: '/services' },
    { namespace: 'shop', prefix: 'user.' },
    { namespace: 'bank', prefix: '/' },
    { namespace: 'admin', prefix: '' },
  ];

  it.each([
    ['shop', below('/services/'), true],
    ['shop', below('/services/web/'), true],
    ['shop', one('/services'), true],
    ['shop', one('/services/web'), true],
    ['shop', below('/services'), false],
    ['shop', below('/services-secret/'), false],
    ['shop', one('/services-secret'), false],
    ['shop', below('/service'), false],
    ['shop', below('/'), false],
    ['shop', below(''), false],
    ['shop', below('user.rpc/'), true],
    ['shop', below('user'), false],
    ['bank', below('/'), true],
    ['bank', below('/services/'), true],
    ['bank', below(''), false],
    ['bank', below('user.rpc/'), false],
    ['admin', below(''), true],
    ['admin', below('user.rpc/'), true],
    ['mail', below('/services/web/'), false],
  ])('lets %s read %j: %s', (namespace, range, expected) => {
    expect(mayRead(allowed, namespace, range)).toBe(expected);
  });

  it('never lets a namespace read a key that does not begin with it', () => {
    const part = fc.stringMatching(/^[a-c/.-]{0,6}$/);
    fc.assert(
      fc.property(part, part, fc.boolean(), (prefix, wanted, single) => {
        const rules = [{ namespace: 'shop', prefix }];
        if (!mayRead(rules, 'shop', single ? one(wanted) : below(wanted))) {
          return;
        }
        expect(wanted.startsWith(prefix)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
