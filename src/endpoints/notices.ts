import type { DesiredEndpoint, Flaw } from './types.ts';

/** Port sets beyond which a Service is warned of: each is a subset and a slice of its own, and costs every node of the cluster. */
const maxPortSets = 100;
/** Ports that a message names. */
const maxNamed = 5;

export type NoticeReason =
  | 'PortsLeftOut'
  | 'PortsMissing'
  | 'PortsDiffer'
  | 'TooManyPortSets'
  | 'TooManyLabelSets'
  | 'NoZoneHints'
  | Flaw;

/** Something that a user should know of what is published. */
export interface Notice {
  readonly reason: NoticeReason;
  /** How many instances, ports or sets it concerns. */
  readonly count: number;
  readonly message: string;
}

export interface Noticed {
  readonly endpoints: readonly DesiredEndpoint[];
  /** Endpoints that lack some of the Service's ports. */
  readonly partial: number;
  /** Different sets of ports among the endpoints. */
  readonly portSets: number;
  /** Different sets of labels that the endpoints should have. */
  readonly labelSets: number;
  /** Endpoints without their labels, since there are too many sets of them. */
  readonly unlabelled: number;
  /** Addresses whose metadata has what cannot be published. */
  readonly flawed: ReadonlyMap<Flaw, readonly string[]>;
}

/** What of a Service decides what is worth a notice. */
export interface NoticeRules {
  readonly headless: boolean;
  /** Whether hints are to keep traffic within a zone. */
  readonly zoneHints: boolean;
  /** Names of ports that registrations announce and the Service cannot have; absent: none. */
  readonly portsLeftOut?: number;
}

/** Everything that a user should know of what is published, each reason once. */
export function noticesOf(noticed: Noticed, rules: NoticeRules): readonly Notice[] {
  const { endpoints } = noticed;
  return [
    portsLeftOut(rules),
    portsMissing(noticed),
    rules.headless ? portsDiffer(endpoints) : undefined,
    tooManyPortSets(noticed),
    tooManyLabelSets(noticed),
    ...flaws.map((flaw) => flawed(flaw, noticed)),
    rules.zoneHints ? noZoneHints(endpoints) : undefined,
  ].filter((notice) => notice !== undefined);
}

function portsLeftOut({ portsLeftOut: count = 0 }: NoticeRules): Notice | undefined {
  const message = `The registrations announce ports that the Service cannot have: ${count} of their names`;
  return count === 0 ? undefined : { reason: 'PortsLeftOut', count, message };
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

function tooManyLabelSets({ labelSets, unlabelled }: Noticed): Notice | undefined {
  const message = `The instances have ${labelSets} different sets of labels; ${unlabelled} instances are published without`;
  return unlabelled > 0 ? { reason: 'TooManyLabelSets', count: labelSets, message } : undefined;
}

/** What an instance with a flaw does. */
const flawTexts: Readonly<Record<Flaw, string>> = {
  InvalidZone: 'name a zone that no Node can have',
  InvalidLabel: 'have metadata for a label of slices that can be the value of none',
  InvalidWeight: 'name a weight that is no whole number below 2^32',
};
const flaws = Object.keys(flawTexts) as readonly Flaw[];

function flawed(flaw: Flaw, noticed: Noticed): Notice | undefined {
  const [first, ...others] = noticed.flawed.get(flaw) ?? [];
  if (first === undefined) {
    return undefined;
  }
  const count = others.length + 1;
  const message = `${count} instances ${flawTexts[flaw]}, such as ${first}; they are published without`;
  return { reason: flaw, count, message };
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
