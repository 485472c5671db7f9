import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePath } from './path.ts';

const value = { a: { b: [1, { 'c.d': 'deep' }] }, 'x-y': 0 };

describe('compilePath', () => {
  it.each([
    ['.', value],
    ['.a.b[0]', 1],
    [".a.b[1]['c.d']", 'deep'],
    ["['a'].b[1]", { 'c.d': 'deep' }],
    ['.x-y', 0],
    ['.a.b[2]', undefined],
    ['.a.b.length', undefined],
    ['.a[0]', undefined],
    ['.missing.b', undefined],
    ['.x-y.z', undefined],
  ])('follows %s', (path, found) => {
    expect(compilePath(path)(value)).toEqual(found);
  });

  it.each(['.constructor', '.__proto__', '.toString', '.a.hasOwnProperty'])(
    'finds nothing that is not the value’s own: %s',
    (path) => {
      expect(compilePath(path)(value)).toBeUndefined();
    },
  );

  it('finds fields of JSON that are called like those of a prototype', () => {
    expect(compilePath('.__proto__.x')(JSON.parse('{"__proto__": {"x": 1}}'))).toBe(1);
  });

  it.each(['', 'a', '..', '.a.', '.a b', '[a]', '[-1]', '[01]', "['']", "['a", '["a"]', '.a[', '[1234567]'])(
    'refuses "%s"',
    (path) => {
      expect(() => compilePath(path)).toThrow(expect.objectContaining({ code: 'INVALID_PATH' }));
    },
  );

  it('refuses a path of more than 256 characters', () => {
    expect(() => compilePath(`.${'a'.repeat(256)}`)).toThrow(
      expect.objectContaining({ code: 'INVALID_PATH' }),
    );
  });

  it('yields something or undefined for every value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        compilePath(".a[0]['b']")(json);
      }),
    );
  });
});
