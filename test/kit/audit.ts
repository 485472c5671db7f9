import { readFile } from 'node:fs/promises';
import { servers } from './control-plane.ts';
import type { ControllerProcess } from './controller-process.ts';

/** A write as the apiserver has answered it. */
export interface AuditedWrite {
  readonly replica: string;
  readonly verb: string;
  /** Plural, with the subresource: `etcdservices/status`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** HTTP status. */
  readonly code: number;
  /** Number of the term that it was written in; 0 without an election. */
  readonly term: number;
  /** When the apiserver got it and had answered it, in milliseconds since 1970. */
  readonly receivedAt: number;
  readonly answeredAt: number;
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
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** Every write that a controller has asked the shared apiserver for, refused ones too, in their order. Events are left out. */
export async function writesOf(controller: ControllerProcess): Promise<readonly AuditedWrite[]> {
  return (await auditOf(controller)).filter(({ resource }) => resource !== 'events');
}

/** As {@link writesOf}, Events among them; of the shared apiserver unless told of another's audit log. */
export async function auditOf(
  { replica }: Pick<ControllerProcess, 'replica'>,
  auditLog = servers().auditLog,
): Promise<readonly AuditedWrite[]> {
  const log = await readFile(auditLog, 'utf8');
  return log
    .split('\n')
    .filter((line) => line.includes(replica))
    .map((line): AuditEvent => JSON.parse(line))
    .filter(({ userAgent = '' }) => userAgent.includes(`(${replica})`) || userAgent.includes(`(${replica}; `))
    .map((event) => toWrite(replica, event));
}

/** The resources that instances are published in by default, as far as the apiserver serves them. */
export function publishedResources(): readonly string[] {
  return servers().served.discoveryV1 ? ['endpoints', 'endpointslices'] : ['endpoints'];
}

/** Writes without those of statuses, as `update endpoints web`, in no order; slices by the name of their Service, which is before the hash. */
export function publishingWrites(writes: readonly AuditedWrite[]): readonly string[] {
  return writes
    .filter(({ resource }) => !resource.endsWith('/status'))
    .map(({ verb, resource, name }) => {
      const service = resource === 'endpointslices' ? name.slice(0, name.lastIndexOf('-')) : name;
      return `${verb} ${resource} ${service}`;
    })
    .toSorted();
}

function toWrite(replica: string, event: AuditEvent): AuditedWrite {
  const { verb, objectRef, responseStatus, userAgent = '' } = event;
  const { resource = '', subresource, namespace = '', name = '' } = objectRef ?? {};
  return {
    replica,
    verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace,
    name,
    code: responseStatus?.code ?? 0,
    term: Number(/; term (\d+)\)/.exec(userAgent)?.[1] ?? 0),
    receivedAt: Date.parse(event.requestReceivedTimestamp),
    answeredAt: Date.parse(event.stageTimestamp),
  };
}
