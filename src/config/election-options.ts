import { electionNameProblem } from '../etcd/election/election-name.ts';
import type { OptionTable, Values } from './option.ts';
import { optionsError } from './read-options.ts';
import { duration, etcdUrl, oneOf, text } from './values.ts';

/** Whole seconds: etcd counts leases in them. */
const ttl = duration('1s', '24h').refine((ms) => ms % 1000 === 0, {
  error: 'expected whole seconds, such as 15s',
});

/** How one of several replicas is chosen to write. */
export const electionOptions = {
  'leader-elect': {
    value: oneOf('etcd', 'kubernetes', 'off'),
    default: 'etcd',
    placeholder: 'WHERE',
    doc: 'Where replicas elect the one that writes: in etcd; in a Lease of Kubernetes, for those whose etcd user may only read; off, where there is one replica and no more.',
  },
  'election-etcd': {
    rare: true,
    value: etcdUrl,
    many: true,
    placeholder: 'URL',
    doc: 'Members of the etcd cluster that the election is held in, reached with the certificates and the user of --etcd. Absent: that of --etcd.',
    show: (url) => url.replace(/^(.*\/\/)?.*@/s, '$1…@'),
  },
  'election-name': {
    rare: true,
    value: text,
    placeholder: 'NAME',
    doc: 'Name of the election. Absent: /etcd-endpoints.io/elections/ followed by the UID of the own namespace and the release, so that many clusters can share one etcd. With --leader-elect=kubernetes the name of a Lease in the own namespace, by default the release.',
  },
  release: {
    rare: true,
    value: text,
    default: 'etcd-endpoints',
    placeholder: 'NAME',
    doc: 'Name of this installation among several in one namespace: part of the default name of the election.',
  },
  'own-namespace': {
    rare: true,
    value: text,
    alsoEnv: ['POD_NAMESPACE'],
    placeholder: 'NAME',
    doc: 'Namespace that the controller runs in. Absent: POD_NAMESPACE, then that of the kubeconfig or the service account.',
  },
  'lease-ttl': {
    rare: true,
    value: ttl,
    default: '15s',
    placeholder: 'TIME',
    doc: 'How long a leader that is not heard of keeps the lead; at least 5s. A shorter time makes an election of etcd itself cost the lead.',
  },
  standby: {
    rare: true,
    value: oneOf('warm', 'cold'),
    default: 'warm',
    placeholder: 'HOW',
    doc: 'warm: a replica that does not lead follows etcd too, and writes at once when it must. cold: it spares etcd, and lists everything first.',
  },
} as const satisfies OptionTable;

export interface ElectionConfig {
  readonly where: 'etcd' | 'kubernetes' | 'off';
  /** Members of the election's own etcd; absent: those of the registry. */
  readonly hosts?: readonly string[];
  readonly name?: string;
  readonly release: string;
  readonly namespace?: string;
  readonly ttlMs: number;
}

const leastTtlMs = 5000;

export function electionConfig(values: Values<typeof electionOptions>): ElectionConfig {
  const ttlMs = values['lease-ttl'];
  if (ttlMs < leastTtlMs) {
    throw optionsError([
      `--lease-ttl ${ttlMs / 1000}s: expected at least 5s; with less, an ordinary election of etcd costs the lead again and again`,
    ]);
  }
  const problem = electionNameProblem(values['election-name'] ?? 'default');
  if (problem !== undefined) {
    throw optionsError([`--election-name: ${problem}`]);
  }
  const { 'election-etcd': hosts, 'election-name': name, 'own-namespace': namespace } = values;
  return {
    where: values['leader-elect'],
    release: values.release,
    ttlMs,
    ...(hosts.length > 0 && { hosts: [...new Set(hosts)] }),
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
  };
}
