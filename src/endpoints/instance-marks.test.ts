import { describe, expect, it } from 'vitest';
import type { Instance } from '../formats/types.ts';
import { compileMarks } from './instance-marks.ts';

const instance = (metadata: Instance['metadata']): Instance => ({
  address: '10.0.0.1',
  ports: { '': 80 },
  ready: true,
  metadata,
});
const labels = [
  { name: 'version', path: '.version' },
  { name: 'example.com/env', path: "['env']" },
];
const weights = { path: '.weight' };

describe('what of metadata stands on slices', () => {
  it('is nothing where spec.slices asks for nothing', () => {
    expect(compileMarks(undefined)(instance({ version: '1', weight: '5' }))).toEqual({ flaws: [] });
    expect(compileMarks({ labels: [] })(instance({ version: '1' }))).toEqual({ flaws: [] });
  });

  it('is the labels that are asked for and no others', () => {
    const metadata = { version: '1.2', env: 'prod', secret: 'x' };
    expect(compileMarks({ labels })(instance(metadata))).toEqual({
      labels: { version: '1.2', 'example.com/env': 'prod' },
      flaws: [],
    });
  });

  it.each([{}, { version: '' }])(
    'is no label where metadata lacks it: %j',
    (metadata: Instance['metadata']) => {
      expect(compileMarks({ labels })(instance(metadata))).toEqual({ flaws: [] });
    },
  );

  it.each(['a b', '-a', 'ä', 'a'.repeat(64)])(
    'is no label %j, which is told once, and the others stay',
    (version) => {
      const metadata = { version, env: 'prod' };
      expect(compileMarks({ labels })(instance(metadata))).toEqual({
        labels: { 'example.com/env': 'prod' },
        flaws: ['InvalidLabel'],
      });
      expect(compileMarks({ labels })(instance({ version, env: version })).flaws).toEqual(['InvalidLabel']);
    },
  );

  it.each([
    ['0', 0],
    ['100', 100],
    ['4294967295', 4_294_967_295],
  ])('is the weight %s', (weight, number) => {
    expect(compileMarks({ weights })(instance({ weight }))).toEqual({ weight: number, flaws: [] });
  });

  it.each(['-1', '1.5', '1e3', '01', ' 1', '4294967296', 'heavy'])(
    'is no weight %j, which is told',
    (weight) => {
      expect(compileMarks({ weights })(instance({ weight }))).toEqual({ flaws: ['InvalidWeight'] });
    },
  );

  it.each([{}, { weight: '' }])(
    'is no weight where metadata lacks it: %j',
    (metadata: Instance['metadata']) => {
      expect(compileMarks({ weights })(instance(metadata))).toEqual({ flaws: [] });
    },
  );
});
