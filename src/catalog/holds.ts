/** Whether `existing` says all that `wanted` says. Fields of others, and what the apiserver has filled in, do not count. */
export function holds(existing: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(existing) &&
      existing.length === wanted.length &&
      wanted.every((item, index) => holds(existing[index], item))
    );
  }
  if (typeof wanted !== 'object' || wanted === null) {
    return existing === wanted;
  }
  return (
    typeof existing === 'object' &&
    existing !== null &&
    Object.entries(wanted).every(([name, value]) => holds((existing as Record<string, unknown>)[name], value))
  );
}
