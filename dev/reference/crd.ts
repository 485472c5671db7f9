import { stringify } from 'yaml';
import { etcdServiceCrd } from '../../src/api/crd.ts';

/** The CRD as YAML for `kubectl apply -f -`; long lines stay whole, so that a changed word is a changed line. */
export function etcdServiceCrdYaml(): string {
  return stringify(etcdServiceCrd(), { lineWidth: 0 });
}
