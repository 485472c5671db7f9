import { rejectionReasons } from '../../src/formats/rejection.ts';
import { page, table } from './markdown.ts';

export function rejectionsPage(): string {
  return page(
    'Why a registration is rejected',
    'A rejected registration is counted in `status.instances.rejected`; up to five are named in `status.rejected` with one of these reasons. It disturbs no other registration, and what it announced last stays published.',
    table(
      ['Reason', 'Meaning'],
      Object.entries(rejectionReasons).map(([reason, meaning]) => [`\`${reason}\``, meaning]),
    ),
  );
}
