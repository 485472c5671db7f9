import { errorCodes } from '../../src/error-codes.ts';
import { page, table } from './markdown.ts';

export function errorsPage(): string {
  return page(
    'Errors',
    'Each error of ours has a code, which stays: as `error.code` in the log, and in answers. Its message names the object or the key. An error that becomes a condition has the reason of that for its code, see [conditions](conditions.md); why a registration is not published is in [rejections](rejections.md).',
    table(
      ['Code', 'Meaning', 'What to do'],
      Object.entries(errorCodes)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([code, { meaning, action }]) => [`\`${code}\``, meaning, action]),
    ),
  );
}
