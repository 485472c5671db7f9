import { hasCode, RetryableError } from '../../errors.ts';
import { bufferOf, bytesOf } from '../bytes.ts';
import { putUnlessChanged, type WritingClient } from '../client/guarded-write.ts';
import { txnRpc } from '../client/rpc.ts';
import { showKey } from '../key.ts';
import type { Lease } from '../lease/lease.ts';
import type { Key } from '../types.ts';
import { candidateKey } from './election-name.ts';
import { type Candidate, candidateOf } from './standings.ts';

/** Puts our key under the election's name, bound to the lease; returns it as etcd holds it. Repeating it does no harm: the key is ours alone. */
export async function stand(
  client: WritingClient,
  lease: Lease,
  { name, identity }: { readonly name: string; readonly identity: string },
  signal: AbortSignal,
): Promise<Candidate> {
  const key = candidateKey(name, lease.id);
  try {
    const put = { value: bytesOf(identity), lease: lease.id };
    const found = await putUnlessChanged(client, { key, seen: 0 }, put, signal);
    if (found?.lease === lease.id) {
      return candidateOf(found);
    }
  } catch (error) {
    if (hasCode(error, 'ETCD_LEASE_NOT_FOUND')) {
      lease.notFound();
    }
    throw error;
  }
  throw keyLostError(key);
}

/** Our key is not there as we created it. */
export function keyLostError(key: Key): RetryableError {
  return new RetryableError('ELECTION_KEY_LOST', `our election key ${showKey(key)} is not there`, {
    subject: showKey(key),
  });
}

/**
 * Deletes our key, as long as it is the one that we created; also where somebody has put it without its lease, since it would stand in everybody's
 * way for ever then.
 */
export async function withdraw(client: WritingClient, own: Candidate, signal: AbortSignal): Promise<void> {
  const key = bufferOf(own.key);
  const created = {
    key,
    target: 'Create' as const,
    result: 'Equal' as const,
    create_revision: String(own.createRevision),
  };
  const request = { compare: [created], success: [{ request_delete_range: { key } }] };
  await client.write(txnRpc, request, { signal });
}
