import { describe, expect, it } from 'vitest';
import { versionIn } from './member-http.ts';

describe('the version that a member tells by HTTP', () => {
  it('is that of the server, not of the cluster', () => {
    expect(versionIn('{"etcdserver":"3.5.30","etcdcluster":"3.5.0"}')).toBe('3.5.30');
  });

  it.each(['', 'null', '3.5.30', '{}', '{"etcdserver":3}', '<html>'])('is unknown from %j', (text) => {
    expect(versionIn(text)).toBeUndefined();
  });
});
