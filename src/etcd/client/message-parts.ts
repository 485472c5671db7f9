/** A protobuf message as bytes, taken apart into messages that say the same one after the other. */
import { Fields } from './fields.ts';

/** Numbers of the fields by which a kind of message can be divided. */
export interface PartFields {
  /** The repeated field that makes it long. */
  readonly items: number;
  /** The field, a bool, that says that more of it follows. */
  readonly more: number;
}

/** `events` and `fragment` of a WatchResponse: what catches up gets a hundred thousand events in one. */
export const watchResponseParts: PartFields = { items: 11, more: 7 };

/** So many bytes, a hundred events, are decoded and told in a few milliseconds. */
const longestPart = 8 * 1024;

/**
 * Bytes of messages are messages one after the other, as their fields are (protobuf encoding, "last one wins"): so each part has some of the items,
 * in order, and all other fields. All but the last say that more follows. What is short stays whole, and so does what is long for other reasons, since
 * each part would be. A part is made when it is asked for. Throws where the bytes are no message.
 */
export function* messageParts(message: Buffer, { items, more }: PartFields): Iterable<Buffer> {
  const shared = message.length <= longestPart ? undefined : shortFieldsBut(items, message);
  if (shared === undefined) {
    yield message;
    return;
  }
  const moreFollows = Buffer.from([more << 3, 1]);
  let part: Buffer[] = [];
  let length = 0;
  for (const fields = new Fields(message); fields.next(); ) {
    if (fields.number !== items) {
      continue;
    }
    if (length > longestPart) {
      yield Buffer.concat([...shared, ...part, moreFollows]);
      [part, length] = [[], 0];
    }
    part.push(fields.bytes);
    length += fields.end - fields.start;
  }
  yield Buffer.concat([...shared, ...part]);
}

/** All fields but those of that number; undefined where they are longer than a part. */
function shortFieldsBut(number: number, message: Buffer): readonly Buffer[] | undefined {
  const others: Buffer[] = [];
  let length = 0;
  for (const fields = new Fields(message); fields.next(); ) {
    if (fields.number !== number) {
      length += fields.end - fields.start;
      if (length > longestPart) {
        return undefined;
      }
      others.push(fields.bytes);
    }
  }
  return others;
}
