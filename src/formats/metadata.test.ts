import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatMetadata } from './metadata.ts';

describe('flatMetadata', () => {
  it('takes texts, numbers and booleans, and nothing else', () => {
    const source = { zone: 'a', weight: 10, up: true, none: null, list: [1], nested: { a: 1 } };
    expect(flatMetadata(source)).toEqual({ zone: 'a', weight: '10', up: 'true' });
  });

  it('lets the first of two sources count', () => {
    expect(flatMetadata({ version: 'v2' }, { version: 'v1', zone: 'a' })).toEqual({
      version: 'v2',
      zone: 'a',
    });
  });

  it.each([null, undefined, 'text', 7, ['a']])('takes nothing of %j', (source) => {
    expect(flatMetadata(source)).toEqual({});
  });

  it('leaves out long names, long texts and more than 256 entries', () => {
    const long = { ['n'.repeat(257)]: 'a', ['n'.repeat(256)]: 'b', text: 't'.repeat(1025) };
    expect(flatMetadata(long)).toEqual({ ['n'.repeat(256)]: 'b' });
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`n${index}`, index]));
    expect(Object.keys(flatMetadata(many))).toHaveLength(256);
  });

  it('holds names that a prototype has as names of its own', () => {
    fc.assert(
      fc.property(fc.constantFrom('__proto__', 'constructor', 'toString'), (name) => {
        const metadata = flatMetadata(JSON.parse(`{"${name}":"x"}`));
        expect(Object.entries(metadata)).toEqual([[name, 'x']]);
        expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
      }),
    );
  });
});
