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
