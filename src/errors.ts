import type { ReadyReason } from './api/reasons.ts';
import type { ConnectedReason } from './api/registry-reasons.ts';
import type { ErrorCode } from './error-codes.ts';

/** A code of an error: one of those of error-codes.ts, or the reason of the condition that the error becomes. */
export type Code = ErrorCode | ReadyReason | ConnectedReason;

/**
 * Errors of this project. Each has a stable `code`, names the object or key it concerns and keeps its `cause`.
 * There are two kinds, and nothing else decides whether work is tried again:
 * - {@link RetryableError}: trying again can help (a server is away, a conflict); retried with backoff.
 * - {@link TerminalError}: only a change of input can help; becomes a condition and an Event, no retry.
 */
export interface ErrorDetails {
  /** The object (`EtcdService shop/web`), key, address or flag concerned. */
  readonly subject?: string;
  readonly cause?: unknown;
}

abstract class CodedError extends Error {
  readonly code: Code;
  readonly subject: string | undefined;

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.subject = details.subject;
  }
}

/** Trying again can help: the work is repeated with backoff. */
export class RetryableError extends CodedError {
  override readonly name = 'RetryableError';
  /** Least time before the next try in milliseconds, where the server named one (Retry-After). */
  readonly retryAfterMs: number | undefined;

  constructor(code: Code, message: string, details: ErrorDetails & { readonly retryAfterMs?: number } = {}) {
    super(code, message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Only a change of input can help: reported once, not retried. */
export class TerminalError extends CodedError {
  override readonly name = 'TerminalError';
}

/** The message of anything thrown, for a log line or a condition. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The stable code of an error, where it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Whether `error` is ours and has this code. */
export function hasCode(error: unknown, code: Code): boolean {
  return error instanceof CodedError && error.code === code;
}
