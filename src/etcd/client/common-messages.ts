/** Messages that stand in several answers of etcd, read from their bytes. */
import { RetryableError } from '../../errors.ts';
import type { Key, Registration, Revision } from '../types.ts';
import type { Fields } from './fields.ts';

/** What every answer begins with, as far as it is of use here. */
export interface Header {
  /** `0` where the answer comes from etcd's gRPC proxy alone. */
  readonly clusterId: string;
  /** The newest one that the member knew of when it answered. */
  readonly revision: Revision;
}

export const noHeader: Header = { clusterId: '0', revision: 0 };

/** Numbers of fields in etcd's .proto files, of version 3.4 to 3.6 alike. */
const ofHeader = { clusterId: 1, revision: 3 } as const;
const ofKeyValue = { key: 1, createRevision: 2, modRevision: 3, value: 5, lease: 6 } as const;

/** Throws where a revision is out of range. */
export function headerIn(fields: Fields): Header {
  let { clusterId, revision } = noHeader;
  while (fields.next()) {
    if (fields.number === ofHeader.clusterId) {
      clusterId = fields.uint64;
    } else if (fields.number === ofHeader.revision) {
      revision = revisionIn(fields);
    }
  }
  return { clusterId, revision };
}

/** What a key holds; of one that is deleted only its name and the revision are told. Throws where a revision is out of range. */
export function registrationIn(fields: Fields): Registration {
  let key = '';
  let value = '';
  let lease = '0';
  let createRevision = 0;
  let modRevision = 0;
  while (fields.next()) {
    switch (fields.number) {
      case ofKeyValue.key:
        key = fields.latin1;
        break;
      case ofKeyValue.createRevision:
        createRevision = revisionIn(fields);
        break;
      case ofKeyValue.modRevision:
        modRevision = revisionIn(fields);
        break;
      case ofKeyValue.value:
        value = fields.latin1;
        break;
      case ofKeyValue.lease:
        lease = fields.int64;
        break;
      default:
    }
  }
  return { key: key as Key, value: value as Registration['value'], createRevision, modRevision, lease };
}

/** A revision as the wire has it. Throws where it is beyond what a number holds exactly, which no cluster reaches. */
export function revisionIn(fields: Fields): Revision {
  const { value } = fields;
  if (!Number.isSafeInteger(value)) {
    throw new RetryableError(
      'ETCD_INVALID_RESPONSE',
      `etcd sent the revision ${fields.int64}, which is out of range`,
    );
  }
  return value;
}
