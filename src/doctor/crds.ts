import { crdOf, type Kind } from '../api/crd.ts';
import { etcdServiceKind, kinds } from '../api/kinds.ts';
import { hasCode, messageOf } from '../errors.ts';
import { CUSTOM_RESOURCE_DEFINITIONS } from '../kube/resources.ts';
import type { KubeClient } from '../kube/types.ts';
import { firstLack } from './crd-current.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';

const apply = 'run: etcd-endpoints crds | kubectl apply --server-side -f -';

/** Whether each definition of ours is installed and current. */
export async function crdFindings(client: Pick<KubeClient, 'get' | 'serves'>): Promise<readonly Finding[]> {
  return await Promise.all(kinds.map((kind) => crdFinding(client, kind)));
}

async function crdFinding(client: Pick<KubeClient, 'get' | 'serves'>, kind: Kind): Promise<Finding> {
  const ours = crdOf(kind);
  const { name } = ours.metadata;
  try {
    if (!(await client.serves(kind.resource))) {
      return kind === etcdServiceKind
        ? problem('CustomResources', `${name} is not installed: nothing can be published`, apply)
        : warning('CustomResources', `${name} is not installed: it can do without`, apply);
    }
    const lack = firstLack(ours, await client.get(CUSTOM_RESOURCE_DEFINITIONS, name));
    return lack === undefined
      ? ok('CustomResources', `${name} is installed and current`)
      : problem(
          'CustomResources',
          `${name} is of another version: it differs at ${lack}; fields that it does not know are dropped without a word`,
          apply,
        );
  } catch (error) {
    return hasCode(error, 'KUBE_FORBIDDEN')
      ? skipped(
          'CustomResources',
          `${name} is installed; whether it is current cannot be seen with these rights, but with those of an administrator`,
        )
      : problem('CustomResources', messageOf(error), 'see to the apiserver first');
  }
}
