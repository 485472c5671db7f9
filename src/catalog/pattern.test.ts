import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompiledPattern, compilePattern } from './pattern.ts';

function compiled(pattern: string, separator = '/'): CompiledPattern {
  const result = compilePattern(pattern, separator);
  if ('problem' in result) {
    throw new Error(result.problem);
  }
  return result;
}

describe('compilePattern', () => {
  it.each([
    ['/services/{env}/{service}/{instance}', '/services/', true],
    ['{service}/{instance}', '', true],
    ['/apisix/upstreams/{service}', '/apisix/upstreams/', false],
    ['/dubbo/{service}/providers/{instance}', '/dubbo/', true],
  ])('of %s follows the keys that begin with %s', (pattern, literal, hasInstances) => {
    expect(compiled(pattern)).toMatchObject({ literal, hasInstances });
  });

  it.each([
    ['/services/{env}/{instance}', 'needs the part {service}'],
    ['/services/{service}/{service}/{instance}', 'may have each {name} once'],
    ['/services/{instance}/{service}', '{instance} must be last'],
    ['/services/web-{service}/{instance}', 'web-{service} must be a {name} alone'],
  ])('says what is wrong with %s', (pattern, problem) => {
    expect(compilePattern(pattern, '/')).toEqual({ problem: expect.stringContaining(problem) });
  });

  it('tells the service, the other parts and where its instances stand', () => {
    const { match } = compiled('/services/{env}/{service}/{instance}');

    expect(match('/services/prod/web/10.0.0.5:80')).toEqual({
      service: 'web',
      values: { env: 'prod', service: 'web' },
      source: '/services/prod/web/',
    });
  });

  it('takes all that remains of a key as its instance', () => {
    const { match } = compiled('/micro/registry/{service}/{instance}');

    expect(match('/micro/registry/web/a/b')?.source).toBe('/micro/registry/web/');
  });

  it('takes the key itself where the pattern has no instance', () => {
    const { match } = compiled('/apisix/upstreams/{service}');

    expect(match('/apisix/upstreams/1')?.source).toBe('/apisix/upstreams/1');
    expect(match('/apisix/upstreams/1/2')).toBeUndefined();
  });

  it('keeps texts between placeholders in the prefix', () => {
    const { match } = compiled('/dubbo/{service}/providers/{instance}');

    expect(match('/dubbo/com.acme.User/providers/x')?.source).toBe('/dubbo/com.acme.User/providers/');
    expect(match('/dubbo/com.acme.User/consumers/x')).toBeUndefined();
  });

  it.each([
    '/services/prod/web',
    '/services/prod/web/',
    '/services//web/x',
    '/services/prod//x',
    '/other/a/b/c',
    '',
  ])('leaves %j alone, which has not all parts', (key) => {
    expect(compiled('/services/{env}/{service}/{instance}').match(key)).toBeUndefined();
  });

  it('reads any separator', () => {
    expect(compiled('{service}.{instance}', '.').match('web.1')?.source).toBe('web.');
  });

  it('gives back what keys were made of', () => {
    const part = fc.string({ minLength: 1 }).filter((text) => !text.includes('/'));
    fc.assert(
      fc.property(part, part, fc.string({ minLength: 1 }), (env, service, rest) => {
        const { match } = compiled('/a/{env}/b/{service}/{instance}');

        expect(match(`/a/${env}/b/${service}/${rest}`)).toEqual({
          service,
          values: { env, service },
          source: `/a/${env}/b/${service}/`,
        });
      }),
    );
  });
});
