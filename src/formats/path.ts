import { TerminalError } from '../errors.ts';

/**
 * The path language of every field that points into a value: `.a.b`, `['c.d']`, `[0]`, in any row; `.` alone is the value itself.
 * The pattern stands in the schema of the custom resource too, so it uses what both JavaScript and RE2 know.
 */
export const pathPattern = /^(\.|(\.[^.[\]'"\s]+|\['[^']+'\]|\[(0|[1-9][0-9]{0,5})\])+)$/;

/** The longest path in characters. */
export const longestPath = 256;

/** Yields what a path points at, undefined where that is not there. Only own properties count, never those of a prototype. */
export type Path = (value: unknown) => unknown;

/** Compiles a path once for many values. Throws TerminalError `INVALID_PATH` for a text that the schema would have refused. */
export function compilePath(text: string): Path {
  if (text.length > longestPath || !pathPattern.test(text)) {
    throw new TerminalError('INVALID_PATH', "a path is written like .a.b, ['c.d'] or [0]", { subject: text });
  }
  const steps = [...text.matchAll(/\.([^.[\]'"\s]+)|\['([^']+)'\]|\[([0-9]+)\]/g)].map(
    ([, name, quoted, index]) => name ?? quoted ?? Number(index),
  );
  return (value) => steps.reduce(takeStep, value);
}

function takeStep(value: unknown, step: string | number): unknown {
  if (typeof step === 'number') {
    return Array.isArray(value) ? value[step] : undefined;
  }
  return isFields(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

/** Whether a parsed JSON value is an object with fields, no list and not null. */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
