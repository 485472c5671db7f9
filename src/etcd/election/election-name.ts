import { TerminalError } from '../../errors.ts';
import { keyOf, prefixRange } from '../key.ts';
import { leaseHex } from '../lease/lease-id.ts';
import type { Key, KeyRange } from '../types.ts';

/** All elections of ours in an etcd stand under this name. */
const root = '/etcd-endpoints.io/elections';
/** The longest name in bytes: it stands in keys, logs and metrics. */
const mostBytes = 512;

/** What is wrong with the name of an election, for a message that names the option; undefined where nothing is. */
export function electionNameProblem(name: string): string | undefined {
  if (name === '') {
    return 'the name is empty';
  }
  if (name.endsWith('/')) {
    return 'the name ends with a slash; etcd’s clients add one before the lease id';
  }
  if (/[\p{Cc}\p{Cs}]/u.test(name)) {
    return 'the name holds control characters';
  }
  return Buffer.byteLength(name) > mostBytes ? `the name is longer than ${mostBytes} bytes` : undefined;
}

/** Throws a TerminalError with code INVALID_ELECTION_NAME. */
export function checkElectionName(name: string): void {
  const problem = electionNameProblem(name);
  if (problem !== undefined) {
    throw new TerminalError('INVALID_ELECTION_NAME', `--election-name: ${problem}`, {
      subject: '--election-name',
    });
  }
}

/**
 * The name of an election where none is given: made of what tells this installation from all others that share the etcd. Two clusters may have
 * namespaces of one name, never of one UID.
 */
export function defaultElectionName(namespaceUid: string, release: string): string {
  return `${root}/${namespaceUid}-${release}`;
}

/** All that stands under the name (etcd, client/v3/concurrency/election.go, NewElection). */
export function electionRange(name: string): KeyRange {
  return prefixRange(keyOf(`${name}/`));
}

/** The key of the candidate with that lease (etcd, client/v3/concurrency/election.go, Campaign). */
export function candidateKey(name: string, leaseId: string): Key {
  return keyOf(`${name}/${leaseHex(leaseId)}`);
}

/** Whether the key has the form of a candidate's. */
export function isCandidateKey(name: string, key: Key): boolean {
  const prefix = keyOf(`${name}/`);
  return key.startsWith(prefix) && /^[0-9a-f]+$/.test(key.slice(prefix.length));
}
