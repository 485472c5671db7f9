import type { Slices } from '../api/slices.ts';
import { labelValue } from '../api/topology.ts';
import { compilePath } from '../formats/path.ts';
import type { Instance } from '../formats/types.ts';
import type { DesiredEndpoint, Flaw } from './types.ts';

/** What of an instance's metadata is to stand on its slice. */
export interface InstanceMarks extends Pick<DesiredEndpoint, 'labels' | 'weight'> {
  /** What the metadata has that cannot stand there. */
  readonly flaws: readonly Flaw[];
}

export type MarksReader = (instance: Instance) => InstanceMarks;

const none: InstanceMarks = { flaws: [] };
const readsNone: MarksReader = () => none;

/** Compiles `spec.slices` once for many instances. */
export function compileMarks({ labels = [], weights }: Slices = {}): MarksReader {
  if (labels.length === 0 && weights === undefined) {
    return readsNone;
  }
  const readLabels = compileLabels(labels);
  const readWeight: MarksReader = weights === undefined ? readsNone : compileWeight(weights);
  return (instance) => {
    const labelled = readLabels(instance);
    const weighted = readWeight(instance);
    return { ...labelled, ...weighted, flaws: [...labelled.flaws, ...weighted.flaws] };
  };
}

function compileLabels(labels: NonNullable<Slices['labels']>): MarksReader {
  const pointed = labels.map(({ name, path }) => ({ name, valueIn: compilePath(path) }));
  return ({ metadata }) => {
    const said = pointed.flatMap(({ name, valueIn }): [string, string][] => {
      const value = textOf(valueIn(metadata));
      return value === undefined ? [] : [[name, value]];
    });
    const valid = said.filter(([, value]) => isLabelValue(value));
    return {
      ...(valid.length > 0 && { labels: Object.fromEntries(valid) }),
      flaws: valid.length < said.length ? ['InvalidLabel'] : [],
    };
  };
}

function compileWeight({ path }: NonNullable<Slices['weights']>): MarksReader {
  const weightIn = compilePath(path);
  return ({ metadata }) => {
    const said = textOf(weightIn(metadata));
    if (said === undefined) {
      return none;
    }
    const weight = weightOf(said);
    return weight === undefined ? { flaws: ['InvalidWeight'] } : { weight, flaws: [] };
  };
}

/** An empty text says nothing. */
function textOf(said: unknown): string | undefined {
  return typeof said === 'string' && said !== '' ? said : undefined;
}

const longestLabelValue = 63;

function isLabelValue(value: string): boolean {
  return value.length <= longestLabelValue && labelValue.test(value);
}

/** What meshes take as a weight: an unsigned number of 32 bits (Envoy's `load_balancing_weight`, Istio's `WorkloadEntry`). */
const heaviest = 2 ** 32 - 1;

function weightOf(said: string): number | undefined {
  return /^(0|[1-9][0-9]{0,9})$/.test(said) && Number(said) <= heaviest ? Number(said) : undefined;
}
