import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GrantSpec } from '../api/etcd-registry.ts';
import { rangeOf } from '../formats/source.ts';
import { accessOf } from './grants.ts';

const own = 'etcd-endpoints';
const below = (prefix: string) => rangeOf({ prefix, separator: '/' });
const named = (
  names: readonly string[],
  prefixes: readonly string[],
  cidrs?: readonly string[],
): GrantSpec => ({
  namespaces: { names: [...names] },
  prefixes: [...prefixes],
  ...(cidrs && { cidrs: [...cidrs] }),
});
const ask = (
  grants: readonly GrantSpec[] | undefined,
  namespace: string,
  prefix: string,
  labels: Record<string, string> | undefined = {},
) => accessOf(grants && [...grants], { namespace, labels, range: below(prefix) }, own);

describe('the grants of a registry', () => {
  it('let the namespace of the controller publish everything where there are none, and nobody else', () => {
    expect(ask(undefined, own, '/any')).toEqual({ kind: 'granted', cidrs: undefined });
    expect(ask(undefined, 'shop', '/any').kind).toBe('not-granted');
  });

  it('let nobody in where the list is empty', () => {
    expect(ask([], own, '/any').kind).toBe('not-granted');
  });

  it('let a namespace read its own prefixes, and say which those are where it asks for others', () => {
    const grants = [named(['shop', 'bank'], ['/services/{namespace}/', '/shared'])];
    expect(ask(grants, 'shop', '/services/shop/web').kind).toBe('granted');
    expect(ask(grants, 'shop', '/shared').kind).toBe('granted');
    expect(ask(grants, 'shop', '/services/bank/web')).toEqual({
      kind: 'outside',
      prefixes: ['/services/shop/', '/shared'],
    });
    expect(ask(grants, 'shop', '/services').kind).toBe('outside');
    expect(ask(grants, 'shop', '/shared-by-others').kind).toBe('outside');
    expect(ask(grants, 'other', '/shared').kind).toBe('not-granted');
  });

  it('take a namespace by its labels, as every label selector does', () => {
    const grants: GrantSpec[] = [
      {
        namespaces: {
          selector: {
            matchLabels: { team: 'shop' },
            matchExpressions: [{ key: 'stage', operator: 'NotIn', values: ['dev'] }],
          },
        },
        prefixes: ['/'],
      },
    ];
    expect(ask(grants, 'a', '/x', { team: 'shop' }).kind).toBe('granted');
    expect(ask(grants, 'a', '/x', { team: 'shop', stage: 'dev' }).kind).toBe('not-granted');
    expect(ask(grants, 'a', '/x', { team: 'bank' }).kind).toBe('not-granted');
    expect(ask(grants, 'a', '/x', { constructor: 'shop' }).kind).toBe('not-granted');
  });

  it('take every namespace by the empty selector', () => {
    const grants: GrantSpec[] = [{ namespaces: { selector: {} }, prefixes: ['/{namespace}'] }];
    expect(ask(grants, 'a', '/a').kind).toBe('granted');
    expect(ask(grants, 'a', '/b').kind).toBe('outside');
  });

  it('say nothing yet while labels are needed and not known, also where a name alone would do', () => {
    const grants: GrantSpec[] = [
      named(['shop'], ['/'], ['10.0.0.0/8']),
      { namespaces: { selector: {} }, prefixes: ['/'] },
    ];
    const asked = { namespace: 'shop', labels: undefined, range: below('/x') };
    expect(accessOf(grants, asked, own)).toEqual({ kind: 'unknown' });
    expect(accessOf(grants.slice(0, 1), asked, own).kind).toBe('granted');
  });

  it('add the addresses of all that fit, and bound none where one of them does not', () => {
    const bounded = [named(['shop'], ['/a'], ['10.0.0.0/8']), named(['shop'], ['/a', '/b'], ['fd00::/8'])];
    expect(ask(bounded, 'shop', '/a')).toEqual({ kind: 'granted', cidrs: ['10.0.0.0/8', 'fd00::/8'] });
    expect(ask(bounded, 'shop', '/b')).toEqual({ kind: 'granted', cidrs: ['fd00::/8'] });
    const open = [...bounded, named(['shop'], ['/b'], [])];
    expect(ask(open, 'shop', '/b')).toEqual({ kind: 'granted', cidrs: undefined });
    expect(ask(open, 'shop', '/a')).toEqual({ kind: 'granted', cidrs: ['10.0.0.0/8', 'fd00::/8'] });
  });

  it('never let two namespaces read the same key by {namespace}, whatever they are called', () => {
    const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,6}[a-z0-9])?$/);
    const template = fc.constantFrom(
      '/{namespace}/',
      '/{namespace}',
      '/a-{namespace}/b/',
      '{namespace}.',
      'x{namespace}_',
    );
    fc.assert(
      fc.property(name, name, template, fc.string({ maxLength: 5 }), (a, b, prefix, rest) => {
        fc.pre(a !== b);
        const grants = [named([a, b], [prefix])];
        const asked = prefix.replace('{namespace}', a) + rest;
        const isGranted = (namespace: string): boolean =>
          accessOf(grants, { namespace, labels: {}, range: rangeOf({ key: asked, separator: '/' }) }, own)
            .kind === 'granted';
        expect(isGranted(a) && isGranted(b)).toBe(false);
      }),
    );
  });
});
