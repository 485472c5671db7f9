import { describe, expect, it } from 'vitest';
import { bytesOf } from '../bytes.ts';
import { keyOf } from '../key.ts';
import type { Key, Registration } from '../types.ts';
import { Comparison } from './comparison.ts';

function registration(key: string, modRevision: number, lease = '0'): Registration {
  return { key: keyOf(key), value: bytesOf(''), createRevision: 1, modRevision, lease };
}

function mirrorOf(...registrations: readonly Registration[]): Map<Key, Registration> {
  return new Map(registrations.map((each) => [each.key, each]));
}

describe('a comparison of keys', () => {
  it('finds nothing where the keys agree', () => {
    const comparison = new Comparison(mirrorOf(registration('a', 5), registration('b', 6)), 6);
    comparison.add([registration('a', 5), registration('b', 6)]);
    comparison.complete();
    expect(comparison.verdict).toBe('same');
  });

  it('says nothing before the list is complete', () => {
    const comparison = new Comparison(mirrorOf(), 6);
    expect(comparison.verdict).toBe('unclear');
  });

  it('clears a change that was under way when its event comes', () => {
    const mirror = mirrorOf(registration('a', 5));
    const comparison = new Comparison(mirror, 5);
    comparison.add([registration('a', 7), registration('b', 8)]);
    comparison.complete();
    expect(comparison.verdict).toBe('unclear');
    comparison.touch(keyOf('a'));
    comparison.touch(keyOf('b'));
    expect(comparison.verdict).toBe('same');
  });

  it('clears a deletion that was under way when its event comes', () => {
    const comparison = new Comparison(mirrorOf(registration('a', 5)), 5);
    comparison.complete();
    expect(comparison.verdict).toBe('unclear');
    comparison.touch(keyOf('a'));
    expect(comparison.verdict).toBe('same');
  });

  it('is not misled by what the watch told while the list was read', () => {
    const mirror = mirrorOf(registration('a', 5), registration('b', 5));
    const comparison = new Comparison(mirror, 5);
    mirror.set(keyOf('a'), registration('a', 9));
    comparison.touch(keyOf('a'));
    mirror.delete(keyOf('b'));
    comparison.touch(keyOf('b'));
    comparison.add([registration('a', 5), registration('b', 5)]);
    comparison.complete();
    expect(comparison.verdict).toBe('same');
  });

  it('proves a difference by a change that the mirror has passed', () => {
    const comparison = new Comparison(mirrorOf(registration('a', 5)), 10);
    comparison.add([registration('a', 7)]);
    expect(comparison.verdict).toBe('different');
    expect(comparison.suspects).toBe(1);
  });

  it('tells a restored key of the same revision by its lease', () => {
    const comparison = new Comparison(mirrorOf(registration('a', 5, '1')), 10);
    comparison.add([registration('a', 5, '2')]);
    expect(comparison.verdict).toBe('different');
  });
});
