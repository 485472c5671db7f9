import { type Code, hasCode, TerminalError } from '../../errors.ts';
import { bufferOf } from '../bytes.ts';
import type { Bytes, Key, Registration, Revision } from '../types.ts';
import type { EtcdClient } from './client.ts';
import type { TxnRequest } from './etcd3.ts';
import { rangeRpc, txnRpc } from './rpc.ts';

/** What guarded writes need of the client. */
export type WritingClient = Pick<EtcdClient, 'read' | 'write'>;

/** A write that takes place only where the key has not changed since it was seen. */
export interface Guard {
  readonly key: Key;
  /** Mod revision of the key as it was seen; 0 where it was absent. */
  readonly seen: Revision;
}

/**
 * Puts the key unless it has changed, and returns what etcd holds afterwards, be it ours or somebody else's. Where it is not known whether the write
 * came through, the key is read. A write that comes through later still does not harm what is put on the strength of that: it is guarded too.
 */
export async function putUnlessChanged(
  client: WritingClient,
  { key, seen }: Guard,
  put: { readonly value: Bytes; readonly lease: string },
  signal: AbortSignal,
): Promise<Registration | undefined> {
  const request = { key: bufferOf(key), value: bufferOf(put.value), lease: put.lease };
  return await writeGuarded(client, { key, seen }, { request_put: request }, signal);
}

/** Deletes the key unless it has changed, and returns what etcd holds afterwards; as {@link putUnlessChanged}. */
export async function deleteUnlessChanged(
  client: WritingClient,
  guard: Guard,
  signal: AbortSignal,
): Promise<Registration | undefined> {
  return await writeGuarded(client, guard, { request_delete_range: { key: bufferOf(guard.key) } }, signal);
}

/** The key as etcd holds it now. */
export async function readKey(
  client: WritingClient,
  key: Key,
  signal: AbortSignal,
): Promise<Registration | undefined> {
  const { registrations } = await client.read(rangeRpc, { key: bufferOf(key) }, { signal });
  return registrations[0];
}

type Operation = NonNullable<TxnRequest['success']>[number];

async function writeGuarded(
  client: WritingClient,
  { key, seen }: Guard,
  operation: Operation,
  signal: AbortSignal,
): Promise<Registration | undefined> {
  const look = { request_range: { key: bufferOf(key) } };
  const request = {
    compare: [
      { key: bufferOf(key), target: 'Mod' as const, result: 'Equal' as const, mod_revision: String(seen) },
    ],
    success: [operation, look],
    failure: [look],
  };
  try {
    const [looked] = await client.write(txnRpc, request, { signal });
    // An answer that does not say what is there says as little as none.
    if (looked !== undefined) {
      return looked.registrations[0];
    }
  } catch (error) {
    if (signal.aborted || wasRefused(error)) {
      throw error;
    }
  }
  return await readKey(client, key, signal);
}

/** Whether the error says that nothing was written. */
function wasRefused(error: unknown): boolean {
  return error instanceof TerminalError || refusals.some((code) => hasCode(error, code));
}

const refusals: readonly Code[] = [
  'ETCD_LEASE_NOT_FOUND',
  'ETCD_PERMISSION_DENIED',
  'ETCD_AUTH_FAILED',
  'ETCD_TOKEN_REFUSED',
  'ETCD_NO_SPACE',
];
