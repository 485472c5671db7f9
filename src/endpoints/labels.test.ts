import { describe, expect, it } from 'vitest';
import { isCopied } from './labels.ts';

describe('a label of a Service', () => {
  it.each(['team', 'app.kubernetes.io/name', 'topology.example.com/zone', 'notargocd.argoproj.io.example/x'])(
    'is copied: %s',
    (name) => {
      expect(isCopied(name)).toBe(true);
    },
  );

  it.each([
    'app.kubernetes.io/instance',
    'argocd.argoproj.io/instance',
    'kustomize.toolkit.fluxcd.io/name',
    'kustomize.toolkit.fluxcd.io/namespace',
    'helm.toolkit.fluxcd.io/name',
    'applyset.kubernetes.io/part-of',
    'kapp.k14s.io/app',
    'objectset.rio.cattle.io/hash',
  ])('is not copied where a tool tracks by it what it has applied: %s', (name) => {
    expect(isCopied(name)).toBe(false);
  });
});
