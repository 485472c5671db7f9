import { describe, expect, it } from 'vitest';
import { crdOf } from '../api/crd.ts';
import { etcdServiceKind } from '../api/kinds.ts';
import { firstLack } from './crd-current.ts';

const ours = crdOf(etcdServiceKind);

interface SpecSchema {
  readonly properties: Record<string, object>;
}

/** A copy with the schema of its spec changed. */
function changed(change: (spec: SpecSchema) => void): unknown {
  const copy = structuredClone(ours) as unknown as {
    spec: { versions: [{ schema: { openAPIV3Schema: { properties: { spec: SpecSchema } } } }] };
  };
  change(copy.spec.versions[0].schema.openAPIV3Schema.properties.spec);
  return copy;
}

describe('an installed CRD', () => {
  it('is current where it is ours, and where it knows more', () => {
    expect(firstLack(ours, structuredClone(ours))).toBeUndefined();
    const newer = changed(({ properties }) => Object.assign(properties, { fresh: { type: 'string' } }));
    expect(firstLack(ours, newer)).toBeUndefined();
  });

  it('is current where only words for people differ', () => {
    expect(
      firstLack(
        ours,
        changed((spec) => Object.assign(spec, { description: 'Other words.' })),
      ),
    ).toBeUndefined();
  });

  it('lacks a field, a rule or a bound, which is named', () => {
    const without = changed(({ properties }) => Reflect.deleteProperty(properties, 'prefix'));
    expect(firstLack(ours, without)).toBe('.spec.prefix');
    const unruled = changed((spec) => Reflect.deleteProperty(spec, 'x-kubernetes-validations'));
    expect(firstLack(ours, unruled)).toBe('.spec.x-kubernetes-validations');
    const looser = changed(({ properties }) => Object.assign(properties['prefix'] ?? {}, { maxLength: 7 }));
    expect(firstLack(ours, looser)).toBe('.spec.prefix.maxLength');
  });

  it('lacks our version, or is none at all', () => {
    expect(firstLack(ours, { spec: { versions: [{ name: 'v1' }] } })).toBe('version v1alpha1');
    expect(firstLack(ours, undefined)).toBe('version v1alpha1');
  });
});
