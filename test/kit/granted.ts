import { readFile } from 'node:fs/promises';
import type { Rule } from '../../src/kube/rights.ts';
import type { AnyObject } from './kube-objects.ts';

/** The least that a role grants: one verb on one resource, of one rule. */
export interface Grant {
  readonly role: AnyObject;
  readonly rule: Rule;
  readonly resource: string;
  readonly verb: string;
}

/** A request that RBAC has allowed, and the role by which. */
export interface AllowedRequest {
  /** As {@link roleName} says it. */
  readonly role: string;
  readonly user: AnyObject;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Every grant of these roles. */
export function grantsOf(roles: readonly AnyObject[]): readonly Grant[] {
  return roles.flatMap((role) =>
    role.rules.flatMap((rule: Rule) =>
      rule.resources.flatMap((resource) => rule.verbs.map((verb) => ({ role, rule, resource, verb }))),
    ),
  );
}

/** A grant in words. */
export function grantText({ role, rule, resource, verb }: Grant): string {
  const names = rule.resourceNames === undefined ? '' : ` ${rule.resourceNames}`;
  return `${roleName(role)}: ${verb} ${resource}${names}`;
}

/** The role without the grant, and with all else. */
export function roleWithout({ role, rule, resource, verb }: Grant): AnyObject {
  const rest = [
    { ...rule, resources: rule.resources.filter((other) => other !== resource) },
    { ...rule, resources: [resource], verbs: rule.verbs.filter((other) => other !== verb) },
  ].filter(({ resources, verbs }) => resources.length > 0 && verbs.length > 0);
  return { ...role, rules: role.rules.flatMap((other: Rule) => (other === rule ? rest : [other])) };
}

/** Whether it is by this grant that the request was allowed. */
export function isUse({ role, rule, resource, verb }: Grant, request: AllowedRequest): boolean {
  const plural = request.subresource === '' ? request.resource : `${request.resource}/${request.subresource}`;
  return (
    request.role === roleName(role) &&
    request.verb === verb &&
    plural === resource &&
    rule.apiGroups.includes(request.group) &&
    (rule.resourceNames?.includes(request.name) ?? true)
  );
}

/** What RBAC has allowed a user, from an audit log with reads. */
export async function allowedRequests(
  auditLog: string,
  username: string,
): Promise<readonly AllowedRequest[]> {
  const lines = (await readFile(auditLog, 'utf8')).split('\n').filter((line) => line.includes(username));
  return lines.map((line) => JSON.parse(line)).flatMap(toRequest);
}

function toRequest(event: AnyObject): readonly AllowedRequest[] {
  const { user, verb, objectRef, annotations = {}, responseStatus } = event;
  const reason = annotations['authorization.k8s.io/reason'] ?? '';
  // As the apiserver words it: RBAC: allowed by RoleBinding "web/shop" of Role "web" to ServiceAccount "web/shop"
  const [, namespace = '', kind, name] = /Binding "[^"/]+\/?([^"]*)" of (\w+) "([^"]+)"/.exec(reason) ?? [];
  if (objectRef === undefined || kind === undefined) {
    return [];
  }
  // Who applies what is not there yet needs both rights, and the audit log names the verb of the call alone.
  const verbs = verb === 'patch' && responseStatus?.code === 201 ? ['patch', 'create'] : [verb];
  return verbs.map((used) => ({
    role: roleName({ kind, metadata: { name, namespace } }),
    user,
    verb: used,
    group: objectRef.apiGroup ?? '',
    resource: objectRef.resource,
    subresource: objectRef.subresource ?? '',
    namespace: objectRef.namespace ?? '',
    name: objectRef.name ?? '',
  }));
}

function roleName({ kind, metadata }: AnyObject): string {
  return `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;
}
