import { grantText, qualify } from '../kube/call-error.ts';
import { type AccessReview, SELF_SUBJECT_ACCESS_REVIEWS, SELF_SUBJECT_REVIEWS } from '../kube/resources.ts';
import type { Rule } from '../kube/rights.ts';
import type { KubeClient } from '../kube/types.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';

/** Rules that belong together. */
export interface RightsGroup {
  readonly rules: readonly Rule[];
  /** Where they are needed; undefined: in the whole cluster. */
  readonly namespaces: readonly (string | undefined)[];
  /** As in `EtcdServices need`. */
  readonly who: string;
  /** Whether the controller does not work without them, as it is set up. */
  readonly isNeeded: boolean;
}

/** One thing that one may do. */
interface Right {
  readonly group: string;
  /** With its subresource: `etcdservices/status`. */
  readonly resource: string;
  readonly verb: string;
  readonly name: string | undefined;
  readonly namespace: string | undefined;
}

type Attributes = AccessReview['spec']['resourceAttributes'];

/** Asks for every right of the groups; rules for what is not served are left out. Rejects where the apiserver does not tell. */
export async function rightsFindings(
  client: Pick<KubeClient, 'create'>,
  groups: readonly RightsGroup[],
  isServed: (group: string, resource: string) => boolean,
): Promise<readonly Finding[]> {
  const findings = await Promise.all(groups.map((group) => groupFindings(client, group, isServed)));
  return [await whoFinding(client), ...findings.flat()];
}

async function groupFindings(
  client: Pick<KubeClient, 'create'>,
  { rules, namespaces, who, isNeeded }: RightsGroup,
  isServed: (group: string, resource: string) => boolean,
): Promise<readonly Finding[]> {
  const rights = namespaces
    .flatMap((namespace) => rules.flatMap((rule) => rightsOf(rule, namespace)))
    .filter(({ group, resource }) => isServed(group, resource));
  const answers = await Promise.all(
    rights.map(async (right) => ({ right, allowed: await isAllowed(client, right) })),
  );
  const missing = answers.filter(({ allowed }) => !allowed).map(({ right }) => right);
  if (missing.length === 0) {
    return [ok('Rights', `all ${rights.length} rights that ${who} need are granted`)];
  }
  const found = isNeeded ? problem : warning;
  return missing.map(({ group, resource, verb, name, namespace }) =>
    found(
      'Rights',
      `${who} need to ${verb} ${qualify(resource, group)}${name === undefined ? '' : ` ${name}`}`,
      `${grantText(verb, qualify(resource, group), namespace)} (docs/rbac.yaml)`,
    ),
  );
}

function rightsOf(
  { apiGroups, resources, verbs, resourceNames }: Rule,
  namespace: string | undefined,
): Right[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        (resourceNames ?? [undefined]).map((name) => ({ group, resource, verb, name, namespace })),
      ),
    ),
  );
}

async function isAllowed(
  client: Pick<KubeClient, 'create'>,
  { group, resource, verb, name, namespace }: Right,
): Promise<boolean> {
  const [plural = '', subresource] = resource.split('/');
  const resourceAttributes: Attributes = {
    group,
    resource: plural,
    verb,
    ...(subresource !== undefined && { subresource }),
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
  };
  const { status } = await client.create(SELF_SUBJECT_ACCESS_REVIEWS, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    metadata: { name: '' },
    spec: { resourceAttributes },
  });
  return status?.allowed === true;
}

/** Rights are those of whoever asks: it is said who that is, where Kubernetes tells (1.28). */
async function whoFinding(client: Pick<KubeClient, 'create'>): Promise<Finding> {
  try {
    const { status } = await client.create(SELF_SUBJECT_REVIEWS, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
      metadata: { name: '' },
    });
    return ok('Rights', `rights are looked at as ${status?.userInfo?.username}`);
  } catch {
    return skipped('Rights', 'rights are looked at as the user of the kubeconfig, whose name is not told');
  }
}
