/** A log line for people: `2026-11-20T16:30:00.123Z INFO  Published endpoints etcdService=shop/web revision=81723`. */
import type { DescribedError } from './loggable.ts';

/** Turns pino's JSON line into text. A stack follows in lines of its own. */
export function textLine(json: string): string {
  const { time, level, msg, stack, ...fields } = parsed(json);
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${text(value)}`);
  const head = [time, String(level).toUpperCase().padEnd(5), msg ?? '', ...parts].join(' ').trimEnd();
  return stack === undefined ? `${head}\n` : `${head}\n${stack}\n`;
}

interface Line {
  readonly time: string;
  readonly level: string;
  readonly msg?: string;
  readonly stack?: string;
  readonly [field: string]: unknown;
}

/** The line, with the stack of its error lifted out. */
function parsed(json: string): Line {
  const line = JSON.parse(json) as Line & { readonly error?: unknown };
  if (!isDescribedError(line.error)) {
    return line;
  }
  const { stack } = line.error;
  return { ...line, error: errorText(line.error), ...(stack !== undefined && { stack }) };
}

function isDescribedError(value: unknown): value is DescribedError {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value;
}

function errorText({ code, message, cause, errors = [] }: DescribedError): string {
  const own = code === undefined ? message : `${message} (${code})`;
  return [own, ...[cause ?? [], errors].flat().map(errorText)].join(' ← ');
}

/** Bare where it reads as one word, else as JSON, which also keeps line breaks out. */
function text(value: unknown): string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) && !value.includes('"')
    ? value
    : JSON.stringify(value);
}
