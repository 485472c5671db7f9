import { type ServiceError, status } from '@grpc/grpc-js';
import type { ErrorCode } from '../error-codes.ts';
import { codeOf, hasCode, RetryableError, TerminalError } from '../errors.ts';

export type EtcdError = RetryableError | TerminalError;

/** What became of a call that failed, by gRPC status and etcd's message (etcd, api/v3rpc/rpctypes/error.go). The first rule that fits decides. */
interface Rule {
  readonly status?: status;
  /** A part of etcd's message. */
  readonly text?: string;
  readonly code: ErrorCode;
  readonly says: string;
  /** Only another input can help. */
  readonly terminal?: true;
  /** Another member may well answer what this one did not. */
  readonly elsewhere?: true;
}

const untrusted = {
  code: 'ETCD_CERTIFICATE_INVALID',
  says: 'has a certificate of an authority that is not trusted',
  elsewhere: true,
} as const;
const refusedCertificate = {
  code: 'ETCD_CERTIFICATE_REFUSED',
  says: 'refuses our certificate',
  elsewhere: true,
} as const;

const rules: readonly Rule[] = [
  { text: 'no leader', code: 'ETCD_NO_LEADER', says: 'has no leader', elsewhere: true },
  { text: 'request timed out', code: 'ETCD_TIMEOUT', says: 'did not agree in time', elsewhere: true },
  { text: 'invalid auth token', code: 'ETCD_TOKEN_REFUSED', says: 'refuses the token' },
  {
    text: 'revision of auth store is old',
    code: 'ETCD_TOKEN_REFUSED',
    says: 'refuses the token as outdated',
  },
  { text: 'user name is empty', code: 'ETCD_TOKEN_REFUSED', says: 'requires a user' },
  {
    text: 'authentication failed',
    code: 'ETCD_AUTH_FAILED',
    says: 'refuses the user or the password; correct them',
  },
  {
    text: 'permission denied',
    code: 'ETCD_PERMISSION_DENIED',
    says: "denies this; grant it to the user's role",
  },
  {
    text: 'authentication is not enabled',
    code: 'ETCD_AUTH_NOT_ENABLED',
    says: 'has authentication switched off',
  },
  { text: 'lease already exists', code: 'ETCD_LEASE_EXISTS', says: 'has a lease of this id already' },
  { text: 'requested lease not found', code: 'ETCD_LEASE_NOT_FOUND', says: 'has no lease of this id' },
  { text: 'has been compacted', code: 'ETCD_COMPACTED', says: 'has compacted the revision' },
  { text: 'future revision', code: 'ETCD_FUTURE_REVISION', says: 'has not reached the revision' },
  { text: 'larger than max', code: 'ETCD_MESSAGE_TOO_LARGE', says: 'sent a message above the limit' },
  { text: 'database space exceeded', code: 'ETCD_NO_SPACE', says: 'is out of space and takes no writes' },
  { text: 'not supported for learner', code: 'ETCD_UNAVAILABLE', says: 'is a learner', elsewhere: true },
  // TLS, in the words of Node.js and OpenSSL: the member's certificate, then what the member says of ours.
  {
    text: 'certificate has expired',
    code: 'ETCD_CERTIFICATE_INVALID',
    says: 'has a certificate that has expired',
    elsewhere: true,
  },
  {
    text: "match certificate's altnames",
    code: 'ETCD_CERTIFICATE_INVALID',
    says: 'has a certificate for another name',
    elsewhere: true,
  },
  { text: 'verify the first certificate', ...untrusted },
  { text: 'self-signed certificate', ...untrusted },
  { text: 'local issuer certificate', ...untrusted },
  { text: 'alert certificate expired', ...refusedCertificate, says: 'says that our certificate has expired' },
  { text: 'alert certificate required', ...refusedCertificate, says: 'requires a client certificate' },
  { text: 'alert unknown ca', ...refusedCertificate },
  { text: 'alert bad certificate', ...refusedCertificate },
  { status: status.RESOURCE_EXHAUSTED, code: 'ETCD_OVERLOADED', says: 'is overloaded', elsewhere: true },
  { status: status.UNAVAILABLE, code: 'ETCD_UNAVAILABLE', says: 'is not available', elsewhere: true },
  { status: status.DEADLINE_EXCEEDED, code: 'ETCD_TIMEOUT', says: 'did not answer in time', elsewhere: true },
  { status: status.CANCELLED, code: 'ETCD_UNAVAILABLE', says: 'ended the call', elsewhere: true },
  { status: status.INTERNAL, code: 'ETCD_UNAVAILABLE', says: 'broke the call off', elsewhere: true },
  { status: status.UNKNOWN, code: 'ETCD_UNAVAILABLE', says: 'failed', elsewhere: true },
  { status: status.DATA_LOSS, code: 'ETCD_UNAVAILABLE', says: 'is corrupt', elsewhere: true },
  {
    status: status.UNIMPLEMENTED,
    code: 'ETCD_NOT_ETCD',
    says: "does not speak etcd's v3 API; is the port that for clients?",
    elsewhere: true,
  },
  {
    status: status.INVALID_ARGUMENT,
    code: 'ETCD_INVALID_REQUEST',
    says: 'refuses the request',
    terminal: true,
  },
];

const otherwise: Rule = { code: 'ETCD_FAILED', says: 'failed' };

const elsewhereCodes: ReadonlySet<string> = new Set(
  rules.filter((rule) => rule.elsewhere).map((rule) => rule.code),
);

/** The most of a server's own words that a message repeats. */
const shownDetails = 300;

/** The error of ours for a failed call on a member; `call` names it, as in `KV.Range`. Wrong passwords and missing permissions are
 * retryable: an operator can mend them while we wait. */
export function etcdError(error: Partial<ServiceError>, member: string, call: string): EtcdError {
  const details = plainDetails(error.details ?? error.message ?? '');
  const rule = rules.find((candidate) => fits(candidate, error.code, details)) ?? otherwise;
  const message = `etcd ${member} ${rule.says} (${call}: ${details.slice(0, shownDetails)})`;
  const Kind = rule.terminal === true ? TerminalError : RetryableError;
  return new Kind(rule.code, message, { subject: member, cause: error });
}

/** Without what grpc-js adds for itself, and without the thread and the source line that OpenSSL names. */
function plainDetails(details: string): string {
  return details
    .replace(/[\s.]*Resolution note:\s*$/, '')
    .replace(
      /[0-9A-F]+:error:[0-9A-F]+:SSL routines:[^:]*:([^:]*):\S*:\d+:(SSL alert number \d+)\s*/,
      '$1 ($2)',
    );
}

function fits(rule: Rule, code: status | undefined, details: string): boolean {
  return (
    (rule.status === undefined || rule.status === code) &&
    (rule.text === undefined || details.includes(rule.text))
  );
}

/** Whether a failed read may be answered by another member. */
export function mayWorkElsewhere(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && elsewhereCodes.has(code);
}

/** Whether etcd as a whole could not be spoken to, as opposed to one request that it refused. */
export function isOutage(error: unknown): boolean {
  return (
    mayWorkElsewhere(error) || hasCode(error, 'ETCD_AUTH_FAILED') || hasCode(error, 'ETCD_TOKEN_REFUSED')
  );
}

/** Thrown by every call on a closed client. */
export function closedError(): TerminalError {
  return new TerminalError('ETCD_CLIENT_CLOSED', 'the etcd client is closed');
}

/** Thrown instead of a call that a member of that release must not get; nothing was sent. */
export function releaseError(member: string, call: string): RetryableError {
  return new RetryableError(
    'ETCD_RELEASE',
    `etcd ${member} is not asked for this, by its release (${call})`,
    {
      subject: member,
    },
  );
}
