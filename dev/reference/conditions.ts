import { catalogConditions, leftOutReasons } from '../../src/api/catalog-reasons.ts';
import { type ConditionDoc, conditions, eventReasons, type ReasonDoc } from '../../src/api/reasons.ts';
import { registryConditions } from '../../src/api/registry-reasons.ts';
import { removalReasons } from '../../src/explain/removal.ts';
import { page, table } from './markdown.ts';

export function conditionsPage(): string {
  return page(
    'Conditions and Events',
    'The same reason stands in the condition, the Event, the log line and the metric. A condition Ready that turns False is an Event, too.',
    '## Conditions of an EtcdService',
    ...Object.entries(conditions).map(section),
    '## Conditions of an EtcdRegistry',
    ...Object.entries(registryConditions).map(section),
    '## Conditions of an EtcdCatalog',
    ...Object.entries(catalogConditions).map(section),
    `## Why a catalog leaves services out\n\n${reasonTable(leftOutReasons)}`,
    `## Events\n\nReasons of Events that are no reason of a condition.\n\n${reasonTable(eventReasons)}`,
    `## Removals\n\nWhy an endpoint was taken out of Kubernetes: in the log line \`Endpoint removed\`, in the metric \`etcd_endpoints_removals_total\` and in \`etcd-endpoints explain\`.\n\n${table(
      ['Reason', 'Meaning'],
      Object.entries(removalReasons).map(([reason, meaning]) => [`\`${reason}\``, meaning]),
    )}`,
  );
}

function section([type, { meaning, reasons }]: readonly [string, ConditionDoc]): string {
  return `### ${type}\n\n${meaning}\n\n${reasonTable(reasons)}`;
}

function reasonTable(reasons: Readonly<Record<string, ReasonDoc>>): string {
  const rows = Object.entries(reasons).map(([reason, doc]) => [`\`${reason}\``, doc.meaning, doc.action]);
  return table(['Reason', 'Meaning', 'What to do'], rows);
}
