import type { DesiredEndpoint } from '../types.ts';
import { type Draft, fill, fullestFirst, heldBefore, newDraft } from './draft.ts';
import type { Group } from './group.ts';

/**
 * Places what a group wants beside what its slices keep, with the fewest writes, and of several ways with the fewest slices: first into slices
 * that are written anyway, then into unchanged ones where they spare a new one, else into new ones. Slices that are not among the result go.
 */
export function place(group: Group, kept: readonly Draft[], max: number): readonly Draft[] {
  if (group.wanted.size === 0) {
    return [kept[0] ?? newDraft(group)];
  }
  const filled = kept.filter(({ endpoints }) => endpoints.length > 0).sort(fullestFirst);
  const rest = [...group.wanted.values()].filter(({ isPlaced }) => !isPlaced).map(({ endpoint }) => endpoint);
  const unchanged = filled.filter(({ isWritten }) => !isWritten);
  const drafts = drawTogether(
    filled.filter(({ isWritten }) => isWritten),
    rest,
    max,
  );
  for (const draft of drafts) {
    fill(draft, rest, max);
  }
  while (rest.length > 0) {
    const draft = takeFitting(unchanged, rest.length, max) ?? newDraft(group);
    fill(draft, rest, max);
    drafts.push(draft);
  }
  return [...drafts, ...unchanged];
}

/**
 * Of slices that are written anyway and lose endpoints the emptiest are given up, as far as the others have room for what they hold. It costs
 * no write, since a delete takes the place of an update, and each slice fewer spares writes later: over the histories in test/data nearly
 * a tenth of all. Slices that only change in place, or not at all, are never emptied. What the given up ones hold joins `rest`.
 */
function drawTogether(written: readonly Draft[], rest: DesiredEndpoint[], max: number): Draft[] {
  const total = written.reduce((sum, { endpoints }) => sum + endpoints.length, rest.length);
  const spare = Math.max(0, written.length - Math.ceil(total / max));
  const losing = written.filter((draft) => heldBefore(draft) > draft.endpoints.length);
  const givenUp = new Set(losing.slice(Math.max(0, losing.length - spare)));
  for (const { endpoints } of givenUp) {
    rest.push(...endpoints);
  }
  return written.filter((draft) => !givenUp.has(draft));
}

/**
 * Takes an unchanged slice, fullest first, out of the list: one that has room for so much of the rest that no more writes are needed than
 * with new slices alone. Where none has, a rest of at most half a slice goes into two of them: one write more now for a slice fewer, which
 * over the histories in test/data is even in writes.
 */
function takeFitting(unchanged: Draft[], rest: number, max: number): Draft | undefined {
  const room = (index: number): number => max - (unchanged.at(index)?.endpoints.length ?? max);
  const needed = ((rest - 1) % max) + 1;
  const fitting = unchanged.findIndex((_, index) => room(index) >= needed);
  if (fitting >= 0) {
    return unchanged.splice(fitting, 1)[0];
  }
  return needed * 2 <= max && room(-1) + room(-2) >= needed ? unchanged.pop() : undefined;
}
