import { type DiffLine, diffLines } from './line-diff.ts';

/** Lines around a change that are shown, as `diff -u` does. */
const context = 3;

/** The hunks of a unified diff, without its header; no line where the texts are equal. */
export function unifiedDiff(before: readonly string[], after: readonly string[]): readonly string[] {
  const lines = diffLines(before, after);
  const shown = lines.map((_, place) =>
    lines.slice(Math.max(0, place - context), place + context + 1).some(({ sign }) => sign !== ' '),
  );
  const output: string[] = [];
  let [old, now] = [1, 1];
  for (let place = 0; place < lines.length; ) {
    const end = shown[place] === true ? hunkEnd(shown, place) : place + 1;
    const part = lines.slice(place, end);
    const [olds, news] = [count(part, '+'), count(part, '-')];
    if (shown[place] === true) {
      output.push(
        `@@ -${range(old, olds)} +${range(now, news)} @@`,
        ...part.map(({ sign, text }) => `${sign}${text}`),
      );
    }
    [old, now, place] = [old + olds, now + news, end];
  }
  return output;
}

function hunkEnd(shown: readonly boolean[], start: number): number {
  const end = shown.indexOf(false, start);
  return end === -1 ? shown.length : end;
}

/** How many lines one side has: those that are not of the other alone. */
function count(part: readonly DiffLine[], other: DiffLine['sign']): number {
  return part.filter(({ sign }) => sign !== other).length;
}

/** An empty side is named by the line before it. */
function range(start: number, length: number): string {
  return `${length === 0 ? start - 1 : start},${length}`;
}
