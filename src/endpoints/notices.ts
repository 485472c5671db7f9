import type { DesiredEndpoint } from './types.ts';

/** Port sets beyond which a Service is warned of: each is a subset and a slice of its own, and costs every node of the cluster. */
const maxPortSets = 100;
/** Ports that a message names. */
const maxNamed = 5;

export type NoticeReason = 'PortsMissing' | 'PortsDiffer' | 'TooManyPortSets' | 'InvalidZone' | 'NoZoneHints';

/** Something that a user should know of what is published. */
export interface Notice {
  readonly reason: NoticeReason;
  /** How many instances, ports or sets of ports it concerns. */
  readonly count: number;
  readonly message: string;
}

export interface Noticed {
  readonly endpoints: readonly DesiredEndpoint[];
  /** Endpoints that lack some of the Service's ports. */
  readonly partial: number;
  /** Different sets of ports among the endpoints. */
  readonly portSets: number;
  /** Addresses whose metadata names a zone that no Node can have. */
  readonly invalidZones: readonly string[];
}

/** What of a Service decides what is worth a notice. */
export interface NoticeRules {
  readonly headless: boolean;
  /** Whether hints are to keep traffic within a zone. */
  readonly zoneHints: boolean;
}

/** Everything that a user should know of what is published, each reason once. */
export function noticesOf(noticed: Noticed, rules: NoticeRules): readonly Notice[] {
  const { endpoints } = noticed;
  return [
    portsMissing(noticed),
    rules.headless ? portsDiffer(endpoints) : undefined,
    tooManyPortSets(noticed),
    invalidZone(noticed),
    rules.zoneHints ? noZoneHints(endpoints) : undefined,
  ].filter((notice) => notice !== undefined);
}

function portsMissing({ partial }: Noticed): Notice | undefined {
  const message = `${partial} instances lack some ports of the Service`;
  return partial === 0 ? undefined : { reason: 'PortsMissing', count: partial, message };
}

/** An A record has no port, so that its reader must take the same for every instance. */
function portsDiffer(endpoints: readonly DesiredEndpoint[]): Notice | undefined {
  const numbersByName = new Map<string, Set<number>>();
  for (const { name, port } of endpoints.flatMap(({ ports }) => ports)) {
    numbersByName.set(name, (numbersByName.get(name) ?? new Set()).add(port));
  }
  const [differing] = [...numbersByName].filter(([, numbers]) => numbers.size > 1);
  if (differing === undefined) {
    return undefined;
  }
  const [name, numbers] = differing;
  const named = [...numbers].sort((a, b) => a - b).slice(0, maxNamed);
  const list = [...named, ...(numbers.size > maxNamed ? ['…'] : [])].join(', ');
  const port = name === '' ? 'port' : `port ${name}`;
  return {
    reason: 'PortsDiffer',
    count: numbers.size,
    message: `The Service is headless and its instances differ in their ${port} (${list}): clients that look up addresses cannot know it`,
  };
}

function tooManyPortSets({ portSets }: Noticed): Notice | undefined {
  const message = `The instances have ${portSets} different sets of ports`;
  return portSets > maxPortSets ? { reason: 'TooManyPortSets', count: portSets, message } : undefined;
}

function invalidZone({ invalidZones }: Noticed): Notice | undefined {
  const count = invalidZones.length;
  const message = `${count} instances name a zone that no Node can have, such as ${invalidZones[0]}; they are published without`;
  return count === 0 ? undefined : { reason: 'InvalidZone', count, message };
}

function noZoneHints(endpoints: readonly DesiredEndpoint[]): Notice | undefined {
  const without = endpoints.filter(({ ready, zone }) => ready && zone === undefined);
  const [first] = without;
  if (first === undefined) {
    return undefined;
  }
  const message = `${without.length} ready instances have no zone, such as ${first.address}: no hints are set, since Kubernetes would ignore them`;
  return { reason: 'NoZoneHints', count: without.length, message };
}
