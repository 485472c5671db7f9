import { expect, it } from 'vitest';
import { isAtLeast, releaseOf } from './release.ts';

it.each([
  ['3.5.7', [3, 5, 7]],
  ['3.5.30', [3, 5, 30]],
  ['3.6.0-rc.1', [3, 6, 0]],
  ['v3.5.7', undefined],
  ['', undefined],
] as const)('the release of version %j is %j', (version, release) => {
  expect(releaseOf(version)).toEqual(release);
});

it.each([
  [[3, 5, 7], true],
  [[3, 5, 30], true],
  [[3, 6, 0], true],
  [[4, 0, 0], true],
  [[3, 5, 6], false],
  [[3, 4, 30], false],
] as const)('whether release %j is at least 3.5.7: %s', (release, isIt) => {
  expect(isAtLeast(release, [3, 5, 7])).toBe(isIt);
});
