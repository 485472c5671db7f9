import type { Service } from '../kube/resources.ts';
import type { KubeObject } from '../kube/types.ts';

/** A JSON merge patch (RFC 7386): null takes away, objects are merged, everything else replaces. */
export function merged(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) {
    return patch;
  }
  const result = new Map<string, unknown>(isRecord(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) {
      result.delete(name);
    } else {
      result.set(name, merged(result.get(name), value));
    }
  }
  return Object.fromEntries(result);
}

/** What server-side apply makes of an object, as far as it can be said without knowing who owns which field. */
export function applied<T extends KubeObject>(existing: T | undefined, wanted: T): T {
  const result = (existing === undefined ? wanted : merged(existing, wanted)) as T & Service;
  const owners = new Map(
    [existing, wanted].flatMap((object) =>
      (object?.metadata.ownerReferences ?? []).map((owner) => [owner.uid, owner] as const),
    ),
  );
  const { ownerReferences: _, ...metadata } = result.metadata;
  const ports = (wanted as Service).spec?.ports;
  return {
    ...result,
    metadata: { ...metadata, ...(owners.size > 0 && { ownerReferences: [...owners.values()] }) },
    ...(ports !== undefined && {
      spec: { ...result.spec, ports: appliedPorts((existing as Service | undefined)?.spec?.ports, ports) },
    }),
  };
}

/** Ports are told apart by number and protocol. An empty name is none. */
function appliedPorts(existing: Ports = [], wanted: Ports = []): Ports {
  return wanted.map((port) => {
    const { protocol = 'TCP' } = port;
    const same = existing.find((other) => other.port === port.port && (other.protocol ?? 'TCP') === protocol);
    const { name, ...rest } = { ...same, ...port };
    return name === undefined || name === '' ? rest : { name, ...rest };
  });
}

type Ports = NonNullable<Service['spec']>['ports'];

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
