import type { DesiredEndpoint } from './types.ts';

type Labels = DesiredEndpoint['labels'];

/** One text per set of labels, equal exactly for equal sets; `''` for none. Neither names nor values can hold a `=` or a `,`. */
export function labelSetKey(labels: Labels): string {
  return labels === undefined
    ? ''
    : Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .sort()
        .join(',');
}

export function sameLabels(a: Labels, b: Labels): boolean {
  return a === b || labelSetKey(a) === labelSetKey(b);
}

/** Sets of labels beyond which endpoints have none: each set is a slice of its own, and costs every node of the cluster. */
const maxLabelSets = 100;

export interface LabelBounded {
  readonly endpoints: readonly DesiredEndpoint[];
  /** Different sets of labels that were asked for. */
  readonly labelSets: number;
  /** How many endpoints go without theirs. */
  readonly unlabelled: number;
}

/**
 * Keeps the hundred sets of labels that most endpoints have, and of equally common ones the first by name; all others share what has no label. So
 * whoever registers does not decide how many slices there are. Pure, and the same in whatever order the endpoints are.
 */
export function boundLabelSets(endpoints: readonly DesiredEndpoint[]): LabelBounded {
  const labelled = endpoints.filter((endpoint) => endpoint.labels !== undefined);
  const bySet = Map.groupBy(labelled, (endpoint) => labelSetKey(endpoint.labels));
  if (bySet.size <= maxLabelSets) {
    return { endpoints, labelSets: bySet.size, unlabelled: 0 };
  }
  const rarest = [...bySet]
    .sort(([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1))
    .slice(maxLabelSets)
    .flatMap(([, some]) => some);
  const excess = new Set(rarest);
  return {
    endpoints: endpoints.map((endpoint) => (excess.has(endpoint) ? withoutLabels(endpoint) : endpoint)),
    labelSets: bySet.size,
    unlabelled: excess.size,
  };
}

function withoutLabels({ labels: _, ...endpoint }: DesiredEndpoint): DesiredEndpoint {
  return endpoint;
}
