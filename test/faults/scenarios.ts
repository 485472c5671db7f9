/** One of the ways in which etcd, Kubernetes, the network or we ourselves fail, and what has to come of it. */
export interface Scenario {
  readonly number: number;
  readonly fault: string;
  readonly pass: string;
  /** The test files, from `test/` or `src/`, that hold its tests. Those have `fault <number>` in their names. */
  readonly files: readonly string[];
}

/** Every fault that is injected, by number. `npm run faults` runs them all, and prints them with what was measured as docs/reliability.md. */
export const scenarios: readonly Scenario[] = [
  {
    number: 1,
    fault: 'The watch stream is cut after `created`, before any history',
    pass: 'No event lost; the watch resumes at the revision that it asked for',
    files: ['test/etcd/broken-streams.test.ts'],
  },
  {
    number: 2,
    fault: 'The stream is cut within a catch-up of more than 1000 revisions',
    pass: 'No event lost; the watch resumes after the last event that arrived',
    files: ['test/etcd/broken-streams.test.ts'],
  },
  {
    number: 3,
    fault: '100 cuts at random bytes during 10 000 writes',
    pass: 'No event lost, applied twice or out of order',
    files: ['test/etcd/broken-streams.test.ts'],
  },
  {
    number: 4,
    fault: 'The stream is cut in the middle of a large revision',
    pass: 'A revision is applied whole or not at all',
    files: ['test/etcd/broken-streams.test.ts'],
  },
  {
    number: 5,
    fault: 'History is compacted while we are disconnected',
    pass: 'One list of each range; what vanished is told as deleted; converged within 5 s',
    files: ['test/etcd/compaction.test.ts'],
  },
  {
    number: 6,
    fault: 'The history of an idle watch is compacted',
    pass: 'No list where etcd tells progress, one at most where it does not',
    files: ['test/etcd/compaction.test.ts'],
  },
  {
    number: 7,
    fault: 'A watch response of 5.4 MB, one beyond the limit, and a list of 20 MB',
    pass: 'No event lost; all pages of a list at one revision',
    files: ['test/etcd/large-messages.test.ts'],
  },
  {
    number: 8,
    fault: 'etcd refuses one of three watches for want of permission',
    pass: 'The others are not held up; the refused one follows as soon as it may',
    files: ['test/etcd/authentication.test.ts'],
  },
  {
    number: 9,
    fault: 'The token expires while idle, or users change; then the stream is reset',
    pass: 'One authentication; no event lost; never without bound',
    files: ['test/etcd/authentication.test.ts'],
  },
  {
    number: 10,
    fault: 'An etcd member falls silent and its connections stay',
    pass: 'Left within 15 s; no event, registration or term lost',
    files: [
      'test/etcd/silent-member.test.ts',
      'test/etcd-lease/cluster.test.ts',
      'test/replicas/etcd-trouble.test.ts',
    ],
  },
  {
    number: 11,
    fault: 'A member has no leader any more, and its connections are sound',
    pass: 'Left by its own refusal; no registration or term lost',
    files: ['test/etcd-lease/cluster.test.ts'],
  },
  {
    number: 12,
    fault: 'Three members restart one after the other by SIGKILL',
    pass: 'One change of the controller’s leader at most; nothing registered is lost',
    files: ['test/etcd-lease/cluster.test.ts', 'test/replicas/etcd-trouble.test.ts'],
  },
  {
    number: 13,
    fault: 'etcd loses its majority for longer than the TTL',
    pass: 'The leader steps down within its TTL, writes nothing from then on, and is followed within 5 s of the end',
    files: ['test/etcd-lease/cluster.test.ts', 'test/replicas/etcd-trouble.test.ts'],
  },
  {
    number: 14,
    fault: 'etcd is restored from a snapshot, also written past our revision; or is another cluster',
    pass: 'Found at the reconnect; one list; only true differences are told',
    files: ['test/etcd/restore.test.ts'],
  },
  {
    number: 15,
    fault: 'Keepalives are acknowledged late or not at all, or the TTL that is granted is a shorter one',
    pass: 'The loss is declared within the TTL; no keepalive after the release; one stream',
    files: [
      'test/etcd-lease/election.test.ts',
      'test/etcd-lease/registrar.test.ts',
      'src/etcd/lease/lease.test.ts',
    ],
  },
  {
    number: 16,
    fault:
      'The wall clock steps by an hour; a process is stopped, or its event loop blocked, for longer than its TTL',
    pass: 'A step of the clock ends no term; nothing is written between expiry and the next look; one demotion',
    files: [
      'test/etcd-lease/processes.test.ts',
      'test/replicas/hand-over.test.ts',
      'test/faults/wall-clock.test.ts',
      'src/etcd/lease/lease.test.ts',
      'src/etcd/lease/lease-deadline.test.ts',
    ],
  },
  {
    number: 17,
    fault: 'The lease of a candidate expires while it waits; then its predecessor leaves',
    pass: 'Never elected by the dead lease; a new candidacy within 1 s',
    files: ['test/etcd-lease/election.test.ts'],
  },
  {
    number: 18,
    fault: 'The answer to the transaction that creates our key is lost',
    pass: 'Elected within 1 s; one own key, one lease',
    files: [
      'test/etcd-lease/election.test.ts',
      'test/etcd-lease/registrar.test.ts',
      'test/etcd-lease/old-etcd.test.ts',
    ],
  },
  {
    number: 19,
    fault: 'SIGTERM for a candidate, and for a leader with 50 writes under way',
    pass: 'Writes are drained before the key goes; the successor leads within 1 s',
    files: ['test/etcd-lease/election.test.ts', 'test/replicas/hand-over.test.ts'],
  },
  {
    number: 20,
    fault: 'SIGKILL for the leader',
    pass: 'A new leader within TTL + 2 s',
    files: ['test/etcd-lease/processes.test.ts', 'test/replicas/hand-over.test.ts'],
  },
  {
    number: 21,
    fault: 'Three replicas that are paused, cut off, killed and stopped at random',
    pass: 'No write of an ended term changes anything; terms increase',
    files: ['test/replicas/chaos.test.ts'],
  },
  {
    number: 22,
    fault: 'The apiserver answers 409, 429, 500, 503 or 401, resets, hangs, changes its CA',
    pass: 'No write is repeated blindly; Retry-After is obeyed; a hung call is cut at its deadline; new tokens and CAs are taken within 60 s',
    files: ['test/kube/call-faults.test.ts'],
  },
  {
    number: 23,
    fault: 'A watch of the apiserver ends with 410, with 500, in the middle of a line, or says nothing',
    pass: 'No object missed; lists only for 410',
    files: ['test/kube/watch-faults.test.ts'],
  },
  {
    number: 24,
    fault: 'A reconnect every 5 s under steady churn of 10 000 keys',
    pass: 'Memory, sockets, timers and file descriptors stay as they are; nothing of ours is left at the end',
    files: ['test/faults/soak.test.ts'],
  },
  {
    number: 25,
    fault: 'SIGTERM, and the close of a client, whatever etcd does',
    pass: 'Ends within 5 s, with no timer, stream or socket left',
    files: ['test/etcd/close.test.ts', 'test/replicas/hand-over.test.ts'],
  },
];

/** The numbers in a test’s name, as in `fault 7: …`. */
export function faultsIn(testName: string): readonly number[] {
  return [...testName.matchAll(/\bfault (\d+)\b/g)].map(([, number]) => Number(number));
}
