import { type PublishKind, publishKinds } from '../api/etcd-service.ts';
import type { RegistryLimits } from '../endpoints/guard/limits.ts';
import type { ElectionConfig } from './election-options.ts';
import type { OptionTable, Values } from './option.ts';
import { optionsError } from './read-options.ts';
import { oneOf, onOff, wholeNumber } from './values.ts';

/** What is published, how long it stays, and when a removal is suspicious: what an EtcdService may say otherwise for itself. */
export const publishingOptions = {
  publish: {
    value: oneOf(...publishKinds),
    many: true,
    default: publishKinds.join(','),
    placeholder: 'KIND',
    doc: 'The kinds of object that instances are published in where spec.publish names none: Endpoints, EndpointSlice or both.',
  },
  'max-endpoints-per-slice': {
    rare: true,
    value: wholeNumber(1, 1000),
    default: '100',
    placeholder: 'NUMBER',
    doc: 'The most endpoints that one EndpointSlice holds. A larger slice costs every node more when one of its endpoints changes.',
  },
  'drain-seconds': {
    value: wholeNumber(0, 3600),
    default: '0',
    placeholder: 'SECONDS',
    doc: 'How long a removed instance stays published as terminating where spec.drainSeconds is absent.',
  },
  'stale-seconds': {
    rare: true,
    value: wholeNumber(1, 86_400),
    placeholder: 'SECONDS',
    doc: 'After how long without an answer of etcd all instances are published as not ready. Absent: never. Not with an election in the same etcd, which nobody can win while it is away.',
  },
  'node-names': {
    rare: true,
    value: onOff,
    isSwitch: true,
    default: 'false',
    placeholder: 'BOOLEAN',
    doc: 'Names in EndpointSlices the Node that has the address of an instance as its InternalIP. It watches the Nodes of the cluster, and needs the permission to list and watch them.',
  },
  guard: {
    value: oneOf('on', 'off'),
    default: 'on',
    placeholder: 'WHETHER',
    doc: 'Whether removals are held when too many instances of the registry vanish at once; off leaves that to the spec.guard of each EtcdService.',
  },
  'guard-max-removal-percent': {
    rare: true,
    value: wholeNumber(1, 100),
    default: '30',
    placeholder: 'PERCENT',
    doc: 'The part of all published instances of the registry that may vanish within the window without being held.',
  },
  'guard-ignore-below': {
    rare: true,
    value: wholeNumber(1, 100_000),
    default: '10',
    placeholder: 'NUMBER',
    doc: 'How many instances of the registry must vanish within the window before any is held.',
  },
  'guard-window-seconds': {
    rare: true,
    value: wholeNumber(1, 3600),
    default: '60',
    placeholder: 'SECONDS',
    doc: 'How far back removals in the registry are counted together.',
  },
  'guard-hold-seconds': {
    rare: true,
    value: wholeNumber(1, 86_400),
    default: '300',
    placeholder: 'SECONDS',
    doc: 'How long vanished instances of the registry are held. After it what etcd says is published.',
  },
} as const satisfies OptionTable;

/** What holds for every EtcdService that does not say otherwise. Times in milliseconds. */
export interface PublishingConfig {
  /** In the order of `publishKinds`, each once. */
  readonly publish: readonly PublishKind[];
  readonly maxEndpointsPerSlice: number;
  readonly drainMs: number;
  /** Undefined: instances stay as they are however long etcd is away. */
  readonly staleMs: number | undefined;
  /** Whether slices name Nodes. */
  readonly nodeNames: boolean;
  /** Undefined: the registry as a whole has no guard. */
  readonly guard: RegistryLimits | undefined;
}

/** Where the election is held, and the members of the registry. */
export interface Surroundings {
  readonly election: ElectionConfig;
  readonly registryHosts: readonly string[];
}

export function publishingConfig(
  values: Values<typeof publishingOptions>,
  surroundings: Surroundings,
): PublishingConfig {
  return {
    publish: publishKinds.filter((kind) => values.publish.includes(kind)),
    maxEndpointsPerSlice: values['max-endpoints-per-slice'],
    drainMs: values['drain-seconds'] * 1000,
    staleMs: staleMs(values['stale-seconds'], surroundings),
    nodeNames: values['node-names'],
    guard: values.guard === 'off' ? undefined : registryLimits(values),
  };
}

/** While the etcd is away that the election is held in, nobody leads, and so nobody could publish that it is. */
function staleMs(seconds: number | undefined, { election, registryHosts }: Surroundings): number | undefined {
  if (seconds === undefined) {
    return undefined;
  }
  const electionHosts = election.hosts ?? registryHosts;
  if (election.where === 'etcd' && electionHosts.some((host) => registryHosts.includes(host))) {
    throw optionsError([
      `--stale-seconds ${seconds}: the election is held in the same etcd, so nobody leads while it is away; use --leader-elect=kubernetes or --election-etcd`,
    ]);
  }
  return seconds * 1000;
}

function registryLimits(values: Values<typeof publishingOptions>): RegistryLimits {
  return {
    maxRemovalPercent: values['guard-max-removal-percent'],
    ignoreBelow: values['guard-ignore-below'],
    windowMs: values['guard-window-seconds'] * 1000,
    holdMs: values['guard-hold-seconds'] * 1000,
  };
}
