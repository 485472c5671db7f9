import { TerminalError } from '../../errors.ts';

/** etcd grants no more (etcd, server/lease/lessor.go, MaxLeaseTTL). */
const mostSeconds = 9_000_000_000;

/** What a TTL must keep to, and how the user knows it. */
export interface TtlRule {
  /** The option that carries it, as in `--lease-ttl`. */
  readonly option: string;
  readonly leastSeconds: number;
  /** Why it must not be less. */
  readonly reason: string;
}

/** Throws a TerminalError with code INVALID_TTL that names the option where the TTL cannot be used. */
export function checkTtl(seconds: number, rule: TtlRule): void {
  if (!Number.isInteger(seconds)) {
    throw invalid(rule, `${seconds} is not a whole number of seconds`);
  }
  if (seconds < rule.leastSeconds) {
    throw invalid(rule, `${seconds} s is less than ${rule.leastSeconds} s: ${rule.reason}`);
  }
  if (seconds > mostSeconds) {
    throw invalid(rule, `${seconds} s is more than the ${mostSeconds} s that etcd grants at most`);
  }
}

function invalid({ option }: TtlRule, problem: string): TerminalError {
  return new TerminalError('INVALID_TTL', `${option}: ${problem}`, { subject: option });
}
