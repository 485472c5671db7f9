import { stringify } from 'yaml';
import type { PlanConfig } from '../config/plan-options.ts';
import { type KubeObject, objectKey } from '../kube/types.ts';
import { exitCodeOf, type Plan, type ServicePlan } from './outcome.ts';
import type { Change } from './recording-writer.ts';
import { unifiedDiff } from './unified.ts';

/** A plan for standard output; what is no object is told on standard error, but in a summary, which tells all. */
export function renderPlan(plan: Plan, output: PlanConfig['output']): string {
  const changes = plan.services.flatMap((service) => service.changes);
  switch (output) {
    case 'diff':
      return changes.flatMap(diffOf).map(line).join('');
    case 'yaml':
      return changes.map(yamlOf).join('---\n');
    case 'json':
      return `${JSON.stringify(jsonOf(plan), undefined, 2)}\n`;
    case 'summary':
      return plan.services.flatMap(summaryOf).map(line).join('');
  }
}

/** What a reader of the objects has to know besides, one line each. */
export function remarksOf({ services, notes }: Plan): readonly string[] {
  return [
    ...notes,
    ...services.flatMap(({ key, verdict, rejected = [], notes: own }) => [
      ...(verdict?.status === 'False' ? [`EtcdService ${key}: ${verdict.reason}: ${verdict.message}`] : []),
      ...rejected.map(
        ({ key: item, reason, message }) => `EtcdService ${key}: rejected ${item}: ${reason}: ${message}`,
      ),
      ...own.map((note) => `EtcdService ${key}: ${note}`),
    ]),
  ];
}

function diffOf(change: Change): readonly string[] {
  const { before, after } = change;
  const header = (prefix: string, object: KubeObject | undefined): string =>
    `${prefix} ${object === undefined ? '/dev/null' : titleOf(change)}`;
  return [header('---', before), header('+++', after), ...unifiedDiff(linesOf(before), linesOf(after))];
}

function yamlOf(change: Change): string {
  return change.after === undefined ? `# deleted: ${titleOf(change)}\n` : textOf(change.after);
}

function jsonOf(plan: Plan): object {
  return {
    exitCode: exitCodeOf(plan),
    etcdServices: plan.services.map(({ key, service, verdict, instances, rejected, changes, notes }) => ({
      etcdService: key,
      service,
      ready: verdict,
      instances,
      rejected,
      changes: changes.map(({ action, resource: { kind }, before, after }) => ({
        action,
        kind,
        name: (after ?? before)?.metadata.name,
        before: before && shown(before),
        after: after && shown(after),
      })),
      notes,
    })),
    notes: plan.notes,
  };
}

function summaryOf({ key, verdict, instances, changes, ...plan }: ServicePlan): readonly string[] {
  const counts =
    instances === undefined ? '' : `, ${instances.ready} of ${instances.keys} registrations ready`;
  const said = verdict === undefined ? plan.notes.join('; ') : `${verdict.reason}${counts}`;
  const what = changes.length === 0 ? 'nothing to do' : `${changes.length} changes`;
  return [`${key}: ${said}: ${what}`, ...changes.map((change) => `  ${change.action} ${titleOf(change)}`)];
}

function titleOf({ resource: { kind }, before, after }: Change): string {
  const object = after ?? before;
  return `${kind} ${object === undefined ? '' : objectKey(object.metadata)}`;
}

function linesOf(object: KubeObject | undefined): readonly string[] {
  return object === undefined ? [] : textOf(object).trimEnd().split('\n');
}

function textOf(object: KubeObject): string {
  return stringify(shown(object), { sortMapEntries: true, lineWidth: 0 });
}

/** Without the bookkeeping of the apiserver, which every write changes, and without owners where there are none. */
function shown({ metadata, ...object }: KubeObject): object {
  const { uid, resourceVersion, generation, creationTimestamp, managedFields, ...named } = metadata;
  const { ownerReferences = [], ...kept } = named;
  const { status, ...rest } = object as KubeObject & { status?: unknown };
  return { ...rest, metadata: ownerReferences.length === 0 ? kept : named };
}

function line(text: string): string {
  return `${text}\n`;
}
