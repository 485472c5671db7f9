/**
 * What etcd answers with keys in it, read from the bytes at once. The decoder that comes with etcd3 makes two messages, two buffers and four texts of numbers of
 * each key before we make a registration of them, which is most of the garbage of a list, and lives until the page has been read (ADR 21).
 */
import { RetryableError } from '../../errors.ts';
import type { Registration } from '../types.ts';
import { type Header, headerIn, noHeader, registrationIn } from './common-messages.ts';
import { Fields } from './fields.ts';

/** What a range holds. */
export interface RangeAnswer extends Header {
  /** In the order of their keys. */
  readonly registrations: readonly Registration[];
  /** Whether the range holds more than was asked for. */
  readonly more: boolean;
  /** Bytes of keys and values. */
  readonly bytes: number;
}

/** Numbers of fields in etcd's .proto files, of version 3.4 to 3.6 alike. */
const ofRange = { header: 1, kvs: 2, more: 3 } as const;
const ofTxn = { header: 1, responses: 3 } as const;
const ofOperation = { range: 1 } as const;

/** A RangeResponse. Throws where the bytes are none, and where a revision is out of range or not told: nothing at all would look like an empty range. */
export function rangeAnswerOf(message: Buffer): RangeAnswer {
  const answer = rangeIn(new Fields(message), undefined);
  assertTold(answer);
  return answer;
}

/** Of a TxnResponse the ranges that it has read, in order, each with the header of the whole. Throws as {@link rangeAnswerOf}. */
export function rangesOfTxn(message: Buffer): readonly RangeAnswer[] {
  let header = noHeader;
  const ranges: Fields[] = [];
  for (const fields = new Fields(message); fields.next(); ) {
    if (fields.number === ofTxn.header) {
      header = headerIn(fields.inside());
    } else if (fields.number === ofTxn.responses) {
      for (const operation = fields.inside(); operation.next(); ) {
        if (operation.number === ofOperation.range) {
          ranges.push(operation.inside());
        }
      }
    }
  }
  assertTold(header);
  return ranges.map((range) => rangeIn(range, header));
}

/** etcd's revisions begin with 1. */
function assertTold({ revision }: Header): void {
  if (revision === 0) {
    throw new RetryableError('ETCD_INVALID_RESPONSE', 'etcd sent an answer without a revision');
  }
}

function rangeIn(fields: Fields, ofAll: Header | undefined): RangeAnswer {
  let header = ofAll ?? noHeader;
  let more = false;
  let bytes = 0;
  const registrations: Registration[] = [];
  const ofEach = fields.another;
  while (fields.next()) {
    if (fields.number === ofRange.kvs) {
      const registration = registrationIn(fields.inside(ofEach));
      registrations.push(registration);
      bytes += registration.key.length + registration.value.length;
    } else if (fields.number === ofRange.header) {
      header = ofAll ?? headerIn(fields.inside());
    } else if (fields.number === ofRange.more) {
      more = fields.value !== 0;
    }
  }
  return { ...header, registrations, more, bytes };
}
