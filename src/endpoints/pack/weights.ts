import { parseJson } from '../../formats/json-value.ts';
import { isFields } from '../../formats/path.ts';
import type { EndpointSlice } from '../../kube/resources.ts';
import { annotations } from '../labels.ts';
import type { DesiredEndpoint } from '../types.ts';

/**
 * The annotation with the weights of a slice's endpoints: a JSON object of weights by address; undefined where none has one. A slice holds
 * each address once and 1000 at most, so that it stays below 60 KiB of the 256 that Kubernetes allows.
 */
export function weightsText(endpoints: readonly DesiredEndpoint[]): string | undefined {
  const weights: [string, number][] = [];
  for (const { address, weight } of endpoints) {
    if (weight !== undefined) {
      weights.push([address, weight]);
    }
  }
  if (weights.length === 0) {
    return undefined;
  }
  // One text for one meaning, whatever the order of the endpoints.
  return JSON.stringify(Object.fromEntries(weights.sort(([a], [b]) => (a < b ? -1 : 1))));
}

const unweighted = (): undefined => undefined;

/** The weights that a slice's annotation tells; what somebody else has written there may be anything. */
export function weightsOf({ metadata }: EndpointSlice): (address: string) => number | undefined {
  const text = metadata.annotations?.[annotations.weights];
  const weights = text === undefined ? undefined : parseJson(text);
  if (!isFields(weights)) {
    return unweighted;
  }
  return (address) => {
    const weight = Object.hasOwn(weights, address) ? weights[address] : undefined;
    return typeof weight === 'number' ? weight : undefined;
  };
}
