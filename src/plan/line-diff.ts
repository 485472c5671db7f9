/** A line of both texts, or of one of them. */
export interface DiffLine {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Pairs of lines that are compared at the most; beyond, all of one side is told before all of the other: nobody reads them one by one. */
const mostPairs = 4_000_000;

/** The fewest lines to take away and to add, between what both texts begin and end with. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const start = commonBeginning(before, after);
  const rest = [before.slice(start), after.slice(start)] as const;
  const end = commonBeginning(rest[0].toReversed(), rest[1].toReversed());
  const [a, b] = rest.map((lines) => lines.slice(0, lines.length - end));
  return [
    ...signed(' ', before.slice(0, start)),
    ...middle(a ?? [], b ?? []),
    ...signed(' ', before.slice(before.length - end)),
  ];
}

function commonBeginning(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((line, place) => line !== b[place]);
  return differs === -1 ? Math.min(a.length, b.length) : Math.min(differs, b.length);
}

function middle(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  if (a.length * b.length > mostPairs) {
    return [...signed('-', a), ...signed('+', b)];
  }
  const common = longestCommon(a, b);
  const lines: DiffLine[] = [];
  let [x, y] = [0, 0];
  while (x < a.length || y < b.length) {
    const sign = nextSign(a[x], b[y], common(x + 1, y) >= common(x, y + 1));
    lines.push({ sign, text: (sign === '+' ? b[y] : a[x]) ?? '' });
    x += sign === '+' ? 0 : 1;
    y += sign === '-' ? 0 : 1;
  }
  return lines;
}

/** Of two ways that are as short, the one that takes away first. A side that is at its end has no line. */
function nextSign(
  a: string | undefined,
  b: string | undefined,
  isShorterWithoutA: boolean,
): DiffLine['sign'] {
  if (a === b) {
    return ' ';
  }
  return b === undefined || (a !== undefined && isShorterWithoutA) ? '-' : '+';
}

/** Tells how many lines `a` from x on and `b` from y on have in common. */
function longestCommon(a: readonly string[], b: readonly string[]): (x: number, y: number) => number {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  const at = (x: number, y: number): number => table[x * width + y] ?? 0;
  for (let x = a.length - 1; x >= 0; x -= 1) {
    for (let y = b.length - 1; y >= 0; y -= 1) {
      table[x * width + y] = a[x] === b[y] ? at(x + 1, y + 1) + 1 : Math.max(at(x + 1, y), at(x, y + 1));
    }
  }
  return at;
}

function signed(sign: DiffLine['sign'], lines: readonly string[]): readonly DiffLine[] {
  return lines.map((text) => ({ sign, text }));
}
