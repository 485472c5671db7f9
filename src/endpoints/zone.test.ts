import { describe, expect, it } from 'vitest';
import type { Instance } from '../formats/types.ts';
import { compileZone } from './zone.ts';

const instance = (metadata: Record<string, string>): Instance => ({
  address: '10.0.0.1',
  ports: {},
  ready: true,
  metadata,
});

describe('the zone of an instance', () => {
  it.each([
    ['.zone', { zone: 'eu-central-1a' }],
    ["['topology.kubernetes.io/zone']", { 'topology.kubernetes.io/zone': 'eu-central-1a' }],
  ])('stands where %s points in its metadata', (path, metadata) => {
    expect(compileZone({ path })(instance(metadata))).toEqual({ kind: 'zone', zone: 'eu-central-1a' });
  });

  it('is what its value is mapped to, or the value itself', () => {
    const zoneOf = compileZone({ path: '.zone', values: { 'rack 7': 'eu-central-1a' } });
    expect(zoneOf(instance({ zone: 'rack 7' }))).toEqual({ kind: 'zone', zone: 'eu-central-1a' });
    expect(zoneOf(instance({ zone: 'eu-central-1b' }))).toEqual({ kind: 'zone', zone: 'eu-central-1b' });
  });

  it('is never looked up in the prototype of the map', () => {
    const zoneOf = compileZone({ path: '.zone', values: {} });
    expect(zoneOf(instance({ zone: 'constructor' }))).toEqual({ kind: 'zone', zone: 'constructor' });
  });

  it.each([
    ['it has no such metadata', '.zone', {}],
    ['its metadata is empty', '.zone', { zone: '' }],
    ['the path is of all its metadata', '.', { zone: 'a' }],
    ['the path goes deeper than metadata does', '.zone.name', { zone: 'a' }],
  ])('is none where %s', (_, path, metadata) => {
    expect(compileZone({ path })(instance(metadata))).toEqual({ kind: 'none' });
  });

  it('is none where the spec names no path', () => {
    expect(compileZone(undefined)(instance({ zone: 'a' }))).toEqual({ kind: 'none' });
  });

  it.each(['rack 7', 'a/b', '-a', 'ü', 'a'.repeat(64)])(
    'is invalid where a Node cannot have it: %s',
    (zone) => {
      expect(compileZone({ path: '.zone' })(instance({ zone }))).toEqual({ kind: 'invalid' });
    },
  );
});
