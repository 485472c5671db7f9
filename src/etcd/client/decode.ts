import { RetryableError } from '../../errors.ts';
import { bufferOf, bytesIn } from '../bytes.ts';
import { keyOfBytes } from '../key.ts';
import type { Change, KeyRange, Registration, Revision } from '../types.ts';
import type { WireEvent, WireKeyValue } from './etcd3.ts';

/** An int64 of the wire as a number. Throws where it is beyond what a number holds exactly, which no cluster reaches. */
export function revisionOf(sent: string | number): Revision {
  const revision = Number(sent);
  if (!Number.isSafeInteger(revision)) {
    throw new RetryableError(
      'ETCD_INVALID_RESPONSE',
      `etcd sent the revision ${sent}, which is out of range`,
    );
  }
  return revision;
}

export function registrationOf(wire: WireKeyValue): Registration {
  return {
    key: keyOfBytes(wire.key),
    value: bytesIn(wire.value),
    createRevision: revisionOf(wire.create_revision),
    modRevision: revisionOf(wire.mod_revision),
    lease: wire.lease,
  };
}

export function changeOf({ type, kv }: WireEvent): Change {
  return {
    key: keyOfBytes(kv.key),
    registration: type === 'Delete' ? undefined : registrationOf(kv),
    revision: revisionOf(kv.mod_revision),
  };
}

/** The range as requests carry it. */
export function wireRange(range: KeyRange): { readonly key: Buffer; readonly range_end: Buffer } {
  return { key: bufferOf(range.start), range_end: bufferOf(range.end) };
}
