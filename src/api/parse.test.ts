import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { etcdService, ruleExamples } from '../../test/kit/etcd-services.ts';
import { parseSpec } from './parse.ts';

const examples = ruleExamples.flatMap(({ title, examples: all }) =>
  all.map((example) => ({ title, example })),
);

describe('parseSpec', () => {
  it.each(ruleExamples)('has an example of the rule: $title', ({ examples: all }) => {
    expect(all).not.toEqual([]);
  });

  it.each(examples)('accepts what the rule allows: $title', ({ example }) => {
    expect(parseSpec(example.valid, example.before)).toHaveProperty('ok');
  });

  it.each(examples)('finds what breaks the rule: $title', ({ title, example }) => {
    const parsed = parseSpec(example.invalid, example.before);
    const problems = 'problems' in parsed ? parsed.problems : [];
    expect(problems.map(({ path, message }) => `${path}: ${message}`)).toContain(title);
  });

  it.each(examples.filter(({ example }) => example.before !== undefined))(
    'forbids no change where the object before is not known: $title',
    ({ example }) => {
      expect(parseSpec(example.invalid)).toHaveProperty('ok');
    },
  );

  it('fills in defaults, but none where the controller has one of its own', () => {
    expect(parseSpec(etcdService('web', { prefix: '/web', ports: [{ port: 80 }] }))).toEqual({
      ok: {
        prefix: '/web',
        separator: '/',
        format: 'auto',
        mode: 'Publish',
        service: { creationPolicy: 'IfAbsent', deletionPolicy: 'Delete', type: 'ClusterIP' },
        ports: [{ name: '', port: 80, protocol: 'TCP' }],
      },
    });
  });

  it('ignores fields that it does not know', () => {
    const parsed = parseSpec(etcdService('web', { prefix: '/web', colour: 'red', service: { size: 1 } }));
    expect(parsed).toHaveProperty('ok.prefix', '/web');
    expect(parsed).not.toHaveProperty('ok.colour');
    expect(parsed).not.toHaveProperty('ok.service.size');
  });

  it('names the field of each problem', () => {
    const parsed = parseSpec(etcdService('web', { prefix: '/web', ports: [{ port: 0 }], mode: 'Other' }));
    const problems = 'problems' in parsed ? parsed.problems : [];
    expect(problems.map(({ path }) => path)).toEqual(['spec.ports[0].port', 'spec.mode']);
  });

  it('names ten problems at most, each in a short path', () => {
    const labels = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${'k'.repeat(1000)}${i}`, 1]));
    const parsed = parseSpec(etcdService('web', { prefix: '/web', service: { labels } }));
    const problems = 'problems' in parsed ? parsed.problems : [];
    expect(problems).toHaveLength(10);
    expect(problems.every(({ path }) => path.length <= 256)).toBe(true);
  });

  it('reports an object without a spec', () => {
    expect(parseSpec(etcdService('web', undefined))).toMatchObject({ problems: [{ path: 'spec' }] });
  });

  it.each([
    ['ranges', { filter: { cidrs: ['10.0.0.0/33'] } }, 'spec.filter.cidrs[0]'],
    ['label names', { service: { labels: { 'a b': 'c' } } }, 'spec.service.labels'],
    ['annotation names', { service: { annotations: { '/a': 'c' } } }, 'spec.service.annotations'],
  ])('checks %s, which a schema of Kubernetes cannot', (_, spec, path) => {
    expect(parseSpec(etcdService('web', { prefix: '/web', ...spec }))).toMatchObject({
      problems: [{ path }],
    });
  });

  it('never throws, whatever an object holds', () => {
    fc.assert(
      fc.property(anySpec(), anySpec(), (spec, before) => {
        const parsed = parseSpec(etcdService('web', spec), etcdService('web', before));
        expect('ok' in parsed || parsed.problems.length > 0).toBe(true);
      }),
    );
  });
});

/** Anything, and objects that have our fields with anything in them. */
function anySpec(): fc.Arbitrary<unknown> {
  const anything = fc.jsonValue();
  const fields = ['prefix', 'key', 'separator', 'layout', 'format', 'json', 'service', 'ports', 'filter'];
  const shaped = fc.dictionary(fc.constantFrom(...fields, 'mode', 'publish', '__proto__'), anything);
  const nearlyValid = shaped.map((object) => ({ ...object, prefix: '/web' }));
  return fc.oneof(anything, shaped, nearlyValid);
}
