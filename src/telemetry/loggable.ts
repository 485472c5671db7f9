/** What may be written to a log of the fields that a line is given: nothing secret passes, whoever hands it in. */

/** An error in a log: the parts that are known to be harmless. Errors of libraries carry headers, requests and credentials as well. */
export interface DescribedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly subject?: string;
  readonly cause?: DescribedError;
  /** The first of several errors in one, as Node gives for a host with several addresses. */
  readonly errors?: readonly DescribedError[];
  /** Where an error has no code, and so is a defect rather than an event. */
  readonly stack?: string;
}

const secretField = /password|passwd|token|secret|authorization|credential|^(key|cert|pfx|passphrase)$/i;

const maxDepth = 6;
const maxErrors = 4;

/** A line's fields as they may be written: secrets by name and all bytes left out, errors described. */
export function loggable(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, field(name, value, 0)]));
}

function field(name: string, value: unknown, depth: number): unknown {
  // A key of etcd or of the queue is logged as text; what TLS calls so is bytes or PEM.
  if (secretField.test(name) && !isPlainKey(name, value)) {
    return '[redacted]';
  }
  return shown(value, depth);
}

function isPlainKey(name: string, value: unknown): boolean {
  return /^key$/i.test(name) && typeof value === 'string' && !value.includes('-----BEGIN ');
}

function shown(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') {
    return String(value);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (value instanceof Error) {
    return describeError(value);
  }
  if (ArrayBuffer.isView(value)) {
    return `[${value.byteLength} bytes]`;
  }
  if (depth >= maxDepth) {
    return '[…]';
  }
  if (Array.isArray(value)) {
    return value.map((part) => shown(part, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, field(name, part, depth + 1)]),
  );
}

/** Describes anything thrown, its causes included. */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) {
    return { name: typeof error, message: String(error) };
  }
  const { code, subject } = error as { readonly code?: unknown; readonly subject?: unknown };
  const isCoded = typeof code === 'string' || typeof code === 'number';
  const nested = depth < maxDepth;
  return {
    name: error.name,
    message: error.message,
    ...(isCoded && { code }),
    ...(typeof subject === 'string' && { subject }),
    ...(nested && error.cause !== undefined && { cause: describeError(error.cause, depth + 1) }),
    ...(nested &&
      error instanceof AggregateError && {
        errors: error.errors.slice(0, maxErrors).map((part) => describeError(part, depth + 1)),
      }),
    ...(!isCoded && depth === 0 && error.stack !== undefined && { stack: error.stack }),
  };
}
