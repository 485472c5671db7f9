/** The least, the middle and the most of what was measured, in milliseconds: `190 / 214 / 300 ms`. */
export function summary(milliseconds: readonly number[]): string {
  const sorted = milliseconds.map(Math.round).toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return `${sorted[0]} / ${middle} / ${sorted.at(-1)} ms`;
}
