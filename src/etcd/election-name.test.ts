import { describe, expect, it } from 'vitest';
import { candidateKey, electionNameProblem, electionNamesClash, isCandidateKey } from './election-name.ts';
import { keyOf } from './key.ts';

describe('the name of an election', () => {
  it.each(['/etcd-endpoints.io/elections/0d2c-main', 'plain', '/a/b'])('may be %s', (name) => {
    expect(electionNameProblem(name)).toBeUndefined();
  });

  it.each([
    ['', 'empty'],
    ['/a/', 'slash'],
    ['/a\nb', 'control characters'],
    ['x'.repeat(513), 'longer than 512 bytes'],
  ])('may not be %j', (name, problem) => {
    expect(electionNameProblem(name)).toContain(problem);
  });

  it.each([
    ['/a', '/a', true],
    ['/a', '/a/b', true],
    ['/a/b', '/a', true],
    ['/a', '/ab', false],
    ['/a/b', '/a/c', false],
  ])('clashes where candidates of %s and %s stand below one another: %s', (one, other, clash) => {
    expect(electionNamesClash(one, other)).toBe(clash);
  });

  it('makes keys that it knows again', () => {
    expect(candidateKey('/a', '255')).toBe('/a/ff');
    expect(isCandidateKey('/a', candidateKey('/a', '255'))).toBe(true);
    expect(isCandidateKey('/a', keyOf('/a/b/ff'))).toBe(false);
    expect(isCandidateKey('/a', keyOf('/ab/ff'))).toBe(false);
  });
});
