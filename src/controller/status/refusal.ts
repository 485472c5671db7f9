import type { ReadyReason } from '../../api/reasons.ts';
import { TerminalError } from '../../errors.ts';

/** Why an EtcdService is not published: becomes its condition Ready and an Event. Nothing that stands is touched. */
export class Refusal extends TerminalError {
  readonly reason: ReadyReason;

  constructor(reason: ReadyReason, message: string, cause?: unknown) {
    super(reason, message, { cause });
    this.reason = reason;
  }
}
