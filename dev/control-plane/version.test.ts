import { describe, expect, it } from 'vitest';
import { isAtLeast, parseVersion } from './version.ts';

describe('parseVersion', () => {
  it.each([
    ['Kubernetes v1.36.2\n', { major: 1, minor: 36, text: '1.36.2' }],
    ['Kubernetes v1.20.2', { major: 1, minor: 20, text: '1.20.2' }],
    ['etcd Version: 3.4.23\nGit SHA: Not provided\n', { major: 3, minor: 4, text: '3.4.23' }],
    ['v1.37.0-alpha.1', { major: 1, minor: 37, text: '1.37.0' }],
  ])('reads %j', (text, version) => {
    expect(parseVersion(text)).toEqual(version);
  });

  it('shows what it could not read', () => {
    expect(() => parseVersion('command not found')).toThrow('"command not found" names no version');
  });
});

describe('isAtLeast', () => {
  it.each([
    ['1.25.0', true],
    ['1.36.2', true],
    ['2.0.0', true],
    ['1.9.9', false],
    ['1.24.17', false],
  ])('compares %s with 1.25 as numbers', (text, answer) => {
    expect(isAtLeast(parseVersion(text), '1.25')).toBe(answer);
  });
});
