import { stringify } from 'yaml';
import { crdOf, type Kind } from '../../src/api/crd.ts';

/** The CRD of a kind as YAML for `kubectl apply -f -`; long lines stay whole, so that a changed word is a changed line. */
export function crdYaml(kind: Kind): string {
  return stringify(crdOf(kind), { lineWidth: 0 });
}
