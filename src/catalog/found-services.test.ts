import { describe, expect, it } from 'vitest';
import { bytesOf } from '../etcd/bytes.ts';
import { keyOf } from '../etcd/key.ts';
import type { Change } from '../etcd/types.ts';
import { FoundServices } from './found-services.ts';
import { compilePattern } from './pattern.ts';

function services(): FoundServices {
  const pattern = compilePattern('/services/{service}/{instance}', '/');
  if ('problem' in pattern) {
    throw new Error(pattern.problem);
  }
  return new FoundServices(pattern.match);
}

function put(text: string): Change {
  const key = keyOf(text);
  const registration = { key, value: bytesOf(''), createRevision: 1, modRevision: 1, lease: '0' };
  return { key, registration, revision: 1 };
}

function gone(text: string): Change {
  return { key: keyOf(text), registration: undefined, revision: 2 };
}

describe('FoundServices', () => {
  it('tells of a service that appears and of one that empties, and of nothing in between', () => {
    const found = services();

    expect(found.apply([put('/services/web/1')])).toBe(true);
    expect(found.apply([put('/services/web/2'), put('/services/web/1')])).toBe(false);
    expect(found.apply([gone('/services/web/1')])).toBe(false);
    expect(found.apply([gone('/services/web/2')])).toBe(true);
    expect([...found.list()]).toEqual([]);
  });

  it('counts the keys of each service', () => {
    const found = services();

    found.apply([put('/services/web/1'), put('/services/web/2'), put('/services/api/1')]);

    expect([...found.list()].map(({ service, keys }) => [service, keys])).toEqual([
      ['web', 2],
      ['api', 1],
    ]);
  });

  it('counts keys without the pattern for as long as they are there', () => {
    const found = services();

    found.apply([put('/services/web')]);
    expect(found.unmatched).toBe(1);

    found.apply([gone('/services/web')]);
    expect(found.unmatched).toBe(0);
  });

  it('does not mind a key that goes twice', () => {
    const found = services();
    found.apply([put('/services/web/1'), gone('/services/web/1')]);

    expect(found.apply([gone('/services/web/1')])).toBe(false);
  });
});
