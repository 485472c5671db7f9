import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlobs, serviceNameFor } from './names.ts';

describe('serviceNameFor', () => {
  it.each([
    ['web', 'web'],
    ['user.rpc', 'user-rpc'],
    ['com.Acme.UserService', 'com-acme-userservice'],
    ['__Web__', 'web'],
    ['3scale', 's-3scale'],
  ])('makes of %s the name %s', (raw, name) => {
    expect(serviceNameFor(raw)).toBe(name);
  });

  it.each(['', '...', '中文'])('has no name for %j', (raw) => {
    expect(serviceNameFor(raw)).toBeUndefined();
  });

  it('keeps long names apart that differ at their ends', () => {
    const [a, b] = [serviceNameFor(`${'x'.repeat(100)}a`), serviceNameFor(`${'x'.repeat(100)}b`)];

    expect(a).not.toBe(b);
    expect(a).toHaveLength(63);
  });

  it('gives names that a Service can have, or none', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (raw) => {
        expect(serviceNameFor(raw) ?? 'none').toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
      }),
    );
  });
});

describe('compileGlobs', () => {
  it.each([
    ['web', 'web', true],
    ['web', 'web-admin', false],
    ['web*', 'web-admin', true],
    ['*.rpc', 'user.rpc', true],
    ['w?b', 'wab', true],
    ['w?b', 'wb', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b', 'xxbxxa', false],
    ['[a]', 'a', false],
  ])('%s and %s: %s', (glob, name, isMatch) => {
    expect(compileGlobs([glob])(name)).toBe(isMatch);
  });

  it('agrees with a regular expression of the same meaning', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    fc.assert(
      fc.property(letters, name, (glob, text) => {
        const meaning = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`);

        expect(compileGlobs([glob])(text)).toBe(meaning.test(text));
      }),
    );
  });
});
