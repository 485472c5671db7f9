import { hasCode } from '../../errors.ts';
import type { Change, Registration, Revision } from '../types.ts';
import { type Header, headerIn, noHeader, registrationIn, revisionIn } from './common-messages.ts';
import { Fields } from './fields.ts';

/** What says which watch an answer is for, and what of it. */
interface Envelope {
  /** {@link noWatchId} where it is for no single watch. */
  readonly watchId: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly cancelReason: string;
  /** Whether more of the same answer follows, which may be of the same revision. */
  readonly fragment: boolean;
}

/** What a watch is told. */
interface News extends Header {
  /** Not 0: the watch needs revisions below this one, which are compacted. */
  readonly compactRevision: Revision;
  readonly changes: readonly Change[];
}

/** What etcd sends on a stream of watches. */
export interface WatchAnswer extends Envelope, News {
  /** Whether all revisions in it are in range; else it tells nothing. */
  readonly isReadable: boolean;
}

/** Id of an answer that is for no single watch: refused creates, progress of all. */
export const noWatchId = -1;

/** Numbers of fields in etcd's .proto files, of version 3.4 to 3.6 alike. */
const ofAnswer = {
  header: 1,
  watchId: 2,
  created: 3,
  canceled: 4,
  compactRevision: 5,
  cancelReason: 6,
  fragment: 7,
  events: 11,
} as const;
const ofEvent = { type: 1, keyValue: 2 } as const;
const deletion = 1;

const nothing: News = { ...noHeader, compactRevision: 0, changes: [] };

/**
 * A WatchResponse. A revision in it that no cluster reaches is what etcd holds: it would come again from any member, and what is told cannot be read. Throws where
 * the bytes are no message, which another member may send right. One without a header is of no cluster in particular.
 */
export function watchAnswerOf(message: Buffer): WatchAnswer {
  const envelope = envelopeOf(message);
  try {
    return { ...envelope, ...newsOf(message), isReadable: true };
  } catch (error) {
    if (!hasCode(error, 'ETCD_INVALID_RESPONSE')) {
      throw error;
    }
    return { ...envelope, ...nothing, isReadable: false };
  }
}

function envelopeOf(message: Buffer): Envelope {
  let watchId = 0;
  let created = false;
  let canceled = false;
  let cancelReason = '';
  let fragment = false;
  for (const fields = new Fields(message); fields.next(); ) {
    switch (fields.number) {
      case ofAnswer.watchId:
        watchId = Number(fields.int64);
        break;
      case ofAnswer.created:
        created = fields.value !== 0;
        break;
      case ofAnswer.canceled:
        canceled = fields.value !== 0;
        break;
      case ofAnswer.cancelReason:
        cancelReason = fields.text;
        break;
      case ofAnswer.fragment:
        fragment = fields.value !== 0;
        break;
      default:
    }
  }
  return { watchId, created, canceled, cancelReason, fragment };
}

function newsOf(message: Buffer): News {
  let header = noHeader;
  let compactRevision = 0;
  const changes: Change[] = [];
  const fields = new Fields(message);
  const [ofEach, ofEachKey] = [fields.another, fields.another];
  while (fields.next()) {
    if (fields.number === ofAnswer.events) {
      changes.push(changeIn(fields.inside(ofEach), ofEachKey));
    } else if (fields.number === ofAnswer.header) {
      header = headerIn(fields.inside());
    } else if (fields.number === ofAnswer.compactRevision) {
      compactRevision = revisionIn(fields);
    }
  }
  return { ...header, compactRevision, changes };
}

/** `ofKey` goes through its key and value. Throws where it has none. */
function changeIn(fields: Fields, ofKey: Fields): Change {
  let isDeletion = false;
  let registration: Registration | undefined;
  while (fields.next()) {
    if (fields.number === ofEvent.type) {
      isDeletion = fields.value === deletion;
    } else if (fields.number === ofEvent.keyValue) {
      registration = registrationIn(fields.inside(ofKey));
    }
  }
  if (registration === undefined) {
    throw new Error('etcd sent an event without a key');
  }
  const { key, modRevision: revision } = registration;
  return { key, registration: isDeletion ? undefined : registration, revision };
}
