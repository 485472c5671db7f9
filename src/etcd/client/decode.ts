import { RetryableError } from '../../errors.ts';
import { keyBytes, keyOfBytes } from '../key.ts';
import type { Change, KeyRange, Registration, Revision } from '../types.ts';
import type { WireEvent, WireKeyValue } from './etcd3.ts';

/** An int64 of the wire as a number. Throws where it is beyond what a number holds exactly, which no cluster reaches. */
export function revisionOf(text: string): Revision {
  const revision = Number(text);
  if (!Number.isSafeInteger(revision)) {
    throw new RetryableError(
      'ETCD_INVALID_RESPONSE',
      `etcd sent the revision ${text}, which is out of range`,
    );
  }
  return revision;
}

export function registrationOf(wire: WireKeyValue): Registration {
  return toRegistration(wire, ownCopy(wire.value));
}

function toRegistration(wire: WireKeyValue, value: Buffer): Registration {
  return {
    key: keyOfBytes(wire.key),
    value,
    createRevision: revisionOf(wire.create_revision),
    modRevision: revisionOf(wire.mod_revision),
    lease: wire.lease,
  };
}

/**
 * The registrations of one answer. Their values share one buffer: one of its own costs a value of some bytes half a kilobyte. It lives as long as one of
 * them does; who keeps some of many makes copies with {@link withOwnValue}.
 */
export function registrationsOf(wire: readonly WireKeyValue[]): readonly Registration[] {
  const shared = Buffer.allocUnsafeSlow(wire.reduce((sum, { value }) => sum + value.length, 0));
  let end = 0;
  return wire.map((one) => {
    const start = end;
    shared.set(one.value, start);
    end += one.value.length;
    return toRegistration(one, shared.subarray(start, end));
  });
}

/** The same with a value that keeps nothing else in memory. */
export function withOwnValue(registration: Registration): Registration {
  return { ...registration, value: ownCopy(registration.value) };
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
  return { key: keyBytes(range.start), range_end: keyBytes(range.end) };
}

/**
 * A decoded value is a slice of the whole gRPC message and would keep all of that in memory; a copy from Node's pool would keep a slab of
 * 64 KiB. Values live for as long as their registration, each on its own.
 */
function ownCopy(value: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(value.length);
  copy.set(value);
  return copy;
}
