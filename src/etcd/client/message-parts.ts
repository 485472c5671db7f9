/** A protobuf message as bytes, taken apart into messages that say the same one after the other. */

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

/** Goes through the fields of a message; an object for each of a hundred thousand would cost more than the rest. */
class Fields {
  readonly #message: Buffer;
  #at = 0;
  /** Of the field that has been reached: its number, and where it stands. */
  number = 0;
  start = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  get end(): number {
    return this.#at;
  }

  get bytes(): Buffer {
    return this.#message.subarray(this.start, this.#at);
  }

  /** Whether there is one more. */
  next(): boolean {
    if (this.#at === this.#message.length) {
      return false;
    }
    this.start = this.#at;
    const tag = this.#varint();
    this.number = tag >>> 3;
    this.#skip(tag & 7);
    if (this.#at > this.#message.length) {
      throw new Error('a message of etcd ends in the middle of a field');
    }
    return true;
  }

  #skip(wireType: number): void {
    switch (wireType) {
      case 0:
        this.#varint();
        break;
      case 1:
        this.#at += 8;
        break;
      case 2: {
        const length = this.#varint();
        this.#at += length;
        break;
      }
      case 5:
        this.#at += 4;
        break;
      default:
        throw new Error(`a message of etcd has a field of the unknown wire type ${wireType}`);
    }
  }

  /** Exact for what is below 2^53, as tags and lengths are. None has more than ten bytes. */
  #varint(): number {
    const end = Math.min(this.#at + 10, this.#message.length);
    let value = 0;
    for (let place = 1; this.#at < end; place *= 128) {
      const byte = this.#message[this.#at++] ?? 0;
      value += (byte & 0x7f) * place;
      if (byte < 0x80) {
        return value;
      }
    }
    throw new Error('a message of etcd has a number without an end');
  }
}
