import { describe, expect, it } from 'vitest';
import { keyOf } from '../key.ts';
import { candidateKey, electionNameProblem, isCandidateKey } from './election-name.ts';

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

  it('makes keys that it knows again', () => {
    expect(candidateKey('/a', '255')).toBe('/a/ff');
    expect(isCandidateKey('/a', candidateKey('/a', '255'))).toBe(true);
    expect(isCandidateKey('/a', keyOf('/a/b/ff'))).toBe(false);
    expect(isCandidateKey('/a', keyOf('/ab/ff'))).toBe(false);
  });
});
