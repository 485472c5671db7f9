/** Every failure of a call to the apiserver, named once: what it means, and whether trying again can help. */
import { z } from 'zod';
import type { ErrorCode } from '../error-codes.ts';
import { codeOf, messageOf, RetryableError, TerminalError } from '../errors.ts';
import type { Verb } from './options.ts';
import type { Resource } from './types.ts';

/** Which call failed, for messages. */
export interface CallSubject {
  readonly verb: Verb;
  readonly resource: Resource;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** The apiserver's answer to a call that failed, as far as it is used; what is not of this form counts as absent. */
const statusSchema = z
  .object({
    message: z.string().optional().catch(undefined),
    reason: z.string().optional().catch(undefined),
    details: z
      .object({
        name: z.string().optional().catch(undefined),
        causes: z
          .array(z.object({ reason: z.string().optional(), field: z.string().optional() }))
          .optional()
          .catch(undefined),
      })
      .optional()
      .catch(undefined),
  })
  .catch({});

type Status = z.infer<typeof statusSchema>;

/** A server that names a longer pause is asked again after this, in milliseconds. */
const MAX_RETRY_AFTER_MS = 300_000;
/** Causes of an invalid object that are named. */
const MAX_CAUSES = 5;
/** Characters of the apiserver's own message that are kept. */
const MAX_MESSAGE = 512;

/** The error for an answer other than success: of a call, or of the ERROR event of a watch. */
export function statusError(
  subject: CallSubject,
  httpStatus: number,
  body: unknown,
  retryAfter?: string,
): RetryableError | TerminalError {
  const status = statusSchema.parse(body);
  const terminal = terminalError(subject, httpStatus, status);
  if (terminal !== undefined) {
    return terminal;
  }
  const retryAfterMs = parseRetryAfter(retryAfter);
  return new RetryableError(
    retryableCode(httpStatus, status),
    `${describe(subject)}: ${explain(subject, httpStatus, status)}`,
    { subject: nameOf(subject), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  );
}

/** The error for a call that got no answer: `error` is what the connection threw. */
export function transportError(subject: CallSubject, error: unknown): RetryableError {
  const code = codeOf(error);
  const timedOut = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
  return new RetryableError(
    timedOut ? 'KUBE_TIMEOUT' : 'KUBE_UNAVAILABLE',
    `${describe(subject)}: ${messageOf(error) || code || 'no connection'}`,
    { subject: nameOf(subject), cause: error },
  );
}

export function timeoutError(subject: CallSubject, deadlineMs: number): RetryableError {
  return new RetryableError('KUBE_TIMEOUT', `${describe(subject)}: no answer within ${deadlineMs} ms`, {
    subject: nameOf(subject),
  });
}

/** The answer is not what the API promises; its content is not shown. */
export function malformedError(subject: CallSubject, what: string): RetryableError {
  return new RetryableError('KUBE_MALFORMED', `${describe(subject)}: the apiserver sent ${what}`, {
    subject: nameOf(subject),
  });
}

/** The call was ended from this side: for `reason` where that is an error of ours (the term has ended), else because the client is closed. */
export function abortedError(subject: CallSubject, reason: unknown): RetryableError {
  const details = { subject: nameOf(subject) };
  return reason instanceof RetryableError || reason instanceof TerminalError
    ? new RetryableError(reason.code, `${describe(subject)}: ${reason.message}`, {
        ...details,
        cause: reason,
      })
    : new RetryableError('KUBE_CLOSED', `${describe(subject)}: the client is closed`, details);
}

function terminalError(subject: CallSubject, httpStatus: number, status: Status): TerminalError | undefined {
  const details = { subject: nameOf(subject) };
  if (httpStatus === 422) {
    return new TerminalError('KUBE_INVALID', `${describe(subject)}: invalid ${causesOf(status)}`, details);
  }
  if (
    httpStatus === 403 &&
    status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating')
  ) {
    return new TerminalError(
      'KUBE_NAMESPACE_TERMINATING',
      `${describe(subject)}: the namespace is being deleted`,
      details,
    );
  }
  // Kubernetes 1.20 says so with HTTP 500.
  if (status.message?.includes('field not declared in schema') === true) {
    return new TerminalError(
      'KUBE_UNKNOWN_FIELD',
      `${describe(subject)}: the apiserver does not know a field: ${messageOfStatus(status)}`,
      details,
    );
  }
  if ([400, 405, 406, 413, 415].includes(httpStatus)) {
    return new TerminalError(
      'KUBE_BAD_REQUEST',
      `${describe(subject)}: refused with HTTP ${httpStatus}: ${messageOfStatus(status)}`,
      details,
    );
  }
  return undefined;
}

function retryableCode(httpStatus: number, status: Status): ErrorCode {
  switch (httpStatus) {
    case 401:
      return 'KUBE_UNAUTHORIZED';
    case 403:
      return 'KUBE_FORBIDDEN';
    case 404:
      return isNotServed(status) ? 'KUBE_NOT_SERVED' : 'KUBE_NOT_FOUND';
    case 409:
      return status.reason === 'AlreadyExists' ? 'KUBE_ALREADY_EXISTS' : 'KUBE_CONFLICT';
    case 410:
      return 'KUBE_EXPIRED';
    case 429:
      return 'KUBE_TOO_MANY_REQUESTS';
    default:
      return isRevisionTooLarge(status) ? 'KUBE_REVISION_TOO_LARGE' : 'KUBE_UNAVAILABLE';
  }
}

/** The apiserver has not seen that revision yet (client-go's IsTooLargeResourceVersion; servers before 1.17 only say it in words). */
function isRevisionTooLarge(status: Status): boolean {
  return (
    status.details?.causes?.some((cause) => cause.reason === 'ResourceVersionTooLarge') === true ||
    status.message?.includes('Too large resource version') === true
  );
}

/** A missing object is named in the answer; a missing resource is not. */
function isNotServed(status: Status): boolean {
  return status.details?.name === undefined || status.details.name === '';
}

/** RBAC says `User "x" cannot update resource …`; quotas and admission webhooks answer 403 too, in words of their own. */
function isMissingGrant(status: Status): boolean {
  const { message } = status;
  return message === undefined || message.includes(' cannot ') || isWordless(message);
}

/** Old servers (1.20) give no reason where server-side apply may not create. */
function isWordless(message: string): boolean {
  return message.endsWith(' is forbidden: ');
}

/**
 * What is to be granted, in the apiserver's own words where it has them (its responsewriters/errors.go): server-side apply of an object that is
 * not there needs `create` beside `patch`.
 */
function missingGrant(subject: CallSubject, { message = '' }: Status): string {
  const words = / cannot (?<verb>\S+) resource "(?<resource>[^"]+)" in API group "(?<group>[^"]*)"/.exec(
    message,
  );
  const unsaid = subject.verb === 'patch' && isWordless(message) ? 'create' : subject.verb;
  const { verb = unsaid, resource, group = '' } = words?.groups ?? {};
  const named = resource === undefined ? qualified(subject) : qualify(resource, group);
  return grantText(verb, named, subject.namespace);
}

function explain(subject: CallSubject, httpStatus: number, status: Status): string {
  if (httpStatus === 403 && isMissingGrant(status)) {
    return `forbidden, ${missingGrant(subject, status)}`;
  }
  if (httpStatus === 404 && isNotServed(status)) {
    return `the apiserver does not serve ${qualified(subject)} in version ${subject.resource.version}: is its CRD installed?`;
  }
  if (httpStatus === 401) {
    return 'the apiserver does not accept our credentials: check the token, certificate or user of the kubeconfig';
  }
  return `HTTP ${httpStatus}: ${messageOfStatus(status)}`;
}

/** Fields and reasons without the values: a value may come from a registration. */
function causesOf(status: Status): string {
  const causes = status.details?.causes ?? [];
  const named = causes
    .slice(0, MAX_CAUSES)
    .map((cause) => `${cause.field ?? 'object'} (${cause.reason ?? 'unknown'})`);
  const more = causes.length > MAX_CAUSES ? ` and ${causes.length - MAX_CAUSES} more` : '';
  return named.length === 0 ? 'object' : named.join(', ') + more;
}

function messageOfStatus(status: Status): string {
  return (status.message ?? status.reason ?? 'no reason given').slice(0, MAX_MESSAGE);
}

function describe(subject: CallSubject): string {
  return `${subject.verb} ${nameOf(subject)}`;
}

function nameOf(subject: CallSubject): string {
  const { resource, namespace, name } = subject;
  if (name === undefined) {
    return namespace === undefined ? resource.plural : `${resource.plural} of ${namespace}`;
  }
  return `${resource.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

function qualified({ resource, subresource }: CallSubject): string {
  return qualify(
    subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`,
    resource.group,
  );
}

/** `services`, `etcdservices.etcd-endpoints.io/status`: a resource with its group, as kubectl takes it. */
export function qualify(resource: string, group: string): string {
  const [plural = '', ...subresource] = resource.split('/');
  return [group === '' ? plural : `${plural}.${group}`, ...subresource].join('/');
}

/** What is to be granted, in the words of every message that a right is missing; `resource` as {@link qualify} gives it. */
export function grantText(verb: string, resource: string, namespace: string | undefined): string {
  const scope = namespace === undefined ? 'the whole cluster' : `namespace ${namespace}`;
  return `grant verb "${verb}" on "${resource}" in ${scope}`;
}

/** Retry-After in seconds, the form that the apiserver uses, as bounded milliseconds. */
function parseRetryAfter(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d+$/.test(header)) {
    return undefined;
  }
  return Math.min(Number(header) * 1000, MAX_RETRY_AFTER_MS);
}
