import { type ConditionDoc, conditions } from '../../src/api/reasons.ts';
import { page, table } from './markdown.ts';

export function conditionsPage(): string {
  return page(
    'Conditions of an EtcdService',
    'The same reason stands in the condition, the Event, the log line and the metric.',
    ...Object.entries(conditions).map(section),
  );
}

function section([type, { meaning, reasons }]: readonly [string, ConditionDoc]): string {
  const rows = Object.entries(reasons).map(([reason, doc]) => [`\`${reason}\``, doc.meaning, doc.action]);
  return `## ${type}\n\n${meaning}\n\n${table(['Reason', 'Meaning', 'What to do'], rows)}`;
}
