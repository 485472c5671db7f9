import { checks } from '../../src/doctor/checks.ts';
import { page, table } from './markdown.ts';

export function checksPage(): string {
  return page(
    'What the doctor checks',
    '`etcd-endpoints doctor` prints a line for each check and object: `ok`, `warning` (it works, and somebody should see to it), `problem` (it does not work before somebody has seen to it) or `skipped` (it does not apply, or cannot be looked at; the line says why). [Doctor](../doctor.md) shows how it is run.',
    table(
      ['Check', 'What is looked at'],
      Object.entries(checks).map(([name, meaning]) => [`\`${name}\``, meaning]),
    ),
  );
}
