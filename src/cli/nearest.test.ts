import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

const flags = ['etcd', 'etcd-ca', 'etcd-cert', 'workers', 'namespace', 'log-level'];

describe('the word that was meant', () => {
  it.each([
    ['etdc', 'etcd'],
    ['worker', 'workers'],
    ['loglevel', 'log-level'],
    ['name-space', 'namespace'],
    ['etcd-cerf', 'etcd-cert'],
    ['etcd', 'etcd'],
  ])('of %s is %s', (word, meant) => {
    expect(nearest(word, flags)).toBe(meant);
  });

  it.each(['frobnicate', 'x-y-z-kubernetes', 'election'])('of %s is none', (word) => {
    expect(nearest(word, flags)).toBeUndefined();
  });
});
