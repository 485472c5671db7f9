import { parse, parseDocument } from 'yaml';

/** Where the image is by the chart's values.yaml, as in `ghcr.io/owner/name`. */
export function imageOf(values: string): string {
  return parse(values).image.repository;
}

/** The chart's values.yaml with that image, comments and all; throws where it has no place for one. */
export function withImage(values: string, repository: string, digest: string): string {
  const document = parseDocument(values);
  for (const [name, value] of Object.entries({ repository, digest })) {
    if (!document.hasIn(['image', name])) {
      throw new Error(`values.yaml has no image.${name}`);
    }
    document.setIn(['image', name], value);
  }
  return document.toString({ lineWidth: 0 });
}
