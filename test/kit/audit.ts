import { readFile } from 'node:fs/promises';
import { servers } from './control-plane.ts';
import type { ControllerProcess } from './controller-process.ts';

/** A write as the apiserver has answered it. */
export interface AuditedWrite {
  readonly verb: string;
  /** Plural, with the subresource: `etcdservices/status`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** HTTP status. */
  readonly code: number;
  /** Number of the term that it was written in; 0 without an election. */
  readonly term: number;
}

interface AuditEvent {
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
}

/** Every write that a controller has asked the shared apiserver for, refused ones too, in their order. Events are left out. */
export async function writesOf({ replica }: ControllerProcess): Promise<readonly AuditedWrite[]> {
  const log = await readFile(servers().auditLog, 'utf8');
  return log
    .split('\n')
    .filter((line) => line.includes(replica))
    .map((line): AuditEvent => JSON.parse(line))
    .filter(({ userAgent = '' }) => userAgent.includes(`(${replica})`) || userAgent.includes(`(${replica}; `))
    .map(toWrite)
    .filter(({ resource }) => resource !== 'events');
}

function toWrite({ verb, objectRef, responseStatus, userAgent = '' }: AuditEvent): AuditedWrite {
  const { resource = '', subresource, namespace = '', name = '' } = objectRef ?? {};
  return {
    verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace,
    name,
    code: responseStatus?.code ?? 0,
    term: Number(/; term (\d+)\)/.exec(userAgent)?.[1] ?? 0),
  };
}
