import type { CheckName } from './checks.ts';

/**
 * What came of a check:
 * - `ok`: nothing is to be done.
 * - `warning`: it works, and somebody should see to it.
 * - `problem`: something does not work before somebody has seen to it.
 * - `skipped`: it does not apply here, or cannot be looked at; the message says why.
 */
export type Outcome = 'ok' | 'warning' | 'problem' | 'skipped';

export interface Finding {
  readonly check: CheckName;
  readonly outcome: Outcome;
  /** One line, which names the object. */
  readonly message: string;
  /** What to do about it. */
  readonly action?: string;
}

export function ok(check: CheckName, message: string): Finding {
  return { check, outcome: 'ok', message };
}

export function warning(check: CheckName, message: string, action: string): Finding {
  return { check, outcome: 'warning', message, action };
}

export function problem(check: CheckName, message: string, action: string): Finding {
  return { check, outcome: 'problem', message, action };
}

export function skipped(check: CheckName, message: string): Finding {
  return { check, outcome: 'skipped', message };
}
