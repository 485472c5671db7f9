/** Thrown where a line is longer than allowed, or the last one has no end. */
export class LineError extends Error {
  override readonly name = 'LineError';
}

const NEWLINE = 0x0a;

/**
 * The lines of a byte stream, without their ends. Text is made of whole lines only, so that a character split between two chunks
 * stays whole. Empty lines are left out.
 */
export async function* lines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const rest = chunk.subarray(start, end);
      const line = textOf(pending.length === 0 ? rest : Buffer.concat([...pending, rest]));
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line !== '') {
        yield line;
      }
    }
    pendingBytes += chunk.length - start;
    if (pendingBytes > maxBytes) {
      throw new LineError(`a line of more than ${maxBytes} bytes`);
    }
    if (start < chunk.length) {
      pending.push(chunk.subarray(start));
    }
  }
  if (pendingBytes > 0) {
    throw new LineError('a line that ends in the middle');
  }
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}
