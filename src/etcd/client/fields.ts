/** Numbers are kept in parts of so many bits: what fits into a small integer of V8 stays one, where any other number takes 16 bytes of heap for as long as it is kept. */
const partBits = 28;
const part = 2 ** partBits;

/** Where the bits of a number that is longer are put together. */
const bits64 = new DataView(new ArrayBuffer(8));

/**
 * Goes through the fields of a protobuf message, as bytes on the wire (protobuf encoding). It says of one field at a time what it is: an object for each of
 * the fields of a hundred thousand keys would cost more than the rest. All throw an Error where the bytes are no message.
 */
export class Fields {
  readonly #message: Buffer;
  #at: number;
  #end: number;
  #wireType = 0;
  /** Where what the field holds begins; that it ends where the next one begins. */
  #content = 0;
  /** What the last varint says: its lowest bits, those above them, and those above these. */
  #low = 0;
  #middle = 0;
  #high = 0;
  /** Of the field that has been reached: its number, and where it begins. */
  number = 0;
  start = 0;

  constructor(message: Buffer) {
    this.#message = message;
    this.#at = 0;
    this.#end = message.length;
  }

  /** Whether there is one more. */
  next(): boolean {
    if (this.#at === this.#end) {
      return false;
    }
    this.start = this.#at;
    const tag = this.#varint();
    this.number = tag >>> 3;
    this.#wireType = tag & 7;
    this.#content = this.#at;
    this.#skip();
    if (this.#at > this.#end) {
      throw new Error('a message of etcd ends in the middle of a field');
    }
    return true;
  }

  get end(): number {
    return this.#at;
  }

  /** All of the field, with its number. */
  get bytes(): Buffer {
    return this.#message.subarray(this.start, this.#at);
  }

  /** Goes through the fields of a message in this one; `again` is for that where there are many of them, one after the other. */
  inside(again: Fields = this.another): Fields {
    this.#expect(2);
    again.#at = this.#content;
    again.#end = this.#at;
    return again;
  }

  /** One more for the same message, at its beginning. */
  get another(): Fields {
    return new Fields(this.#message);
  }

  /** Bytes, each of them one char. */
  get latin1(): string {
    this.#expect(2);
    return this.#message.toString('latin1', this.#content, this.#at);
  }

  get text(): string {
    this.#expect(2);
    return this.#message.toString('utf8', this.#content, this.#at);
  }

  /** A number, exact below 2^53; one beyond is never told as one below. */
  get value(): number {
    this.#expect(0);
    return this.#number;
  }

  /** An int64 as decimal text. */
  get int64(): string {
    const { value } = this;
    return String(value <= Number.MAX_SAFE_INTEGER ? value : this.#bits.getBigInt64(0));
  }

  /** A uint64 as decimal text. */
  get uint64(): string {
    const { value } = this;
    return String(value <= Number.MAX_SAFE_INTEGER ? value : this.#bits.getBigUint64(0));
  }

  get #number(): number {
    // What is added is a number like any other, also where it is small enough.
    return this.#high === 0 && this.#middle < 8
      ? this.#low | (this.#middle << partBits)
      : (this.#high * part + this.#middle) * part + this.#low;
  }

  get #bits(): DataView {
    bits64.setUint32(0, (this.#middle >>> 4) | (this.#high << (2 * partBits - 32)));
    bits64.setUint32(4, this.#low | (this.#middle << partBits));
    return bits64;
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) {
      throw new Error(`field ${this.number} of a message of etcd has the wire type ${this.#wireType}`);
    }
  }

  #skip(): void {
    switch (this.#wireType) {
      case 0:
        this.#varint();
        break;
      case 1:
        this.#at += 8;
        break;
      case 2: {
        const length = this.#varint();
        this.#content = this.#at;
        this.#at += length;
        break;
      }
      case 5:
        this.#at += 4;
        break;
      default:
        throw new Error(`a message of etcd has a field of the unknown wire type ${this.#wireType}`);
    }
  }

  /** None has more than ten bytes. */
  #varint(): number {
    const end = Math.min(this.#at + 10, this.#end);
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let shift = 0; this.#at < end; shift += 7) {
      const byte = this.#message[this.#at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < partBits) {
        low |= bits << shift;
      } else if (shift < 2 * partBits) {
        middle |= bits << (shift - partBits);
      } else {
        high |= bits << (shift - 2 * partBits);
      }
      if (byte < 0x80) {
        this.#low = low;
        this.#middle = middle;
        this.#high = high;
        return this.#number;
      }
    }
    throw new Error('a message of etcd has a number without an end');
  }
}
