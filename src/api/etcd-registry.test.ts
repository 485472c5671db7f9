import { describe, expect, it } from 'vitest';
import { registryExamples } from '../../test/kit/etcd-registries.ts';
import { parseRegistrySpec } from './parse.ts';

describe('the rules of an EtcdRegistry', () => {
  it('have examples, each of them', () => {
    expect(registryExamples.filter(({ examples }) => examples.length === 0)).toEqual([]);
  });

  it.each(registryExamples.flatMap(({ title, examples }) => examples.map((example) => ({ title, example }))))(
    'are checked by the controller too: $title',
    ({ title, example: { valid, invalid } }) => {
      expect(parseRegistrySpec(valid)).toHaveProperty('ok');
      const parsed = parseRegistrySpec(invalid);
      const problems = 'problems' in parsed ? parsed.problems : [];
      expect(problems.map(({ path, message }) => `${path}: ${message}`)).toContain(title);
    },
  );
});

describe('a granted prefix', () => {
  const isValid = (prefix: string): boolean => {
    const grants = [{ namespaces: { selector: {} }, prefixes: [prefix] }];
    const spec = { endpoints: ['http://a:1'], grants };
    const object = { apiVersion: '', kind: '', metadata: { name: 'company' }, spec };
    return 'ok' in parseRegistrySpec(object);
  };

  it.each([
    '',
    '/',
    '/services/{namespace}/',
    '/services/{namespace}',
    '{namespace}.',
    '{namespace}/{namespace}',
    'a_{namespace}_b',
  ])('may be %j', (prefix) => expect(isValid(prefix)).toBe(true));

  it.each([
    '/{namespace}-',
    '/{namespace}x',
    '/{namespace}0/',
    '{namespace}{namespace}',
    '/{name}/',
    '/{namespace',
    '/}',
  ])('may not be %j', (prefix) => expect(isValid(prefix)).toBe(false));
});
