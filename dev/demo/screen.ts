/** What the screen writes to: stdout, or anything like it. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const CLEAR_TO_END = '\x1b[0J';

/**
 * Lines that scroll by, above a block that stays at the bottom and is drawn anew in its place. Where the output is no terminal there is no
 * block, only lines.
 */
export class Screen {
  readonly #out: Output;
  #block: readonly string[] = [];

  constructor(out: Output) {
    this.#out = out;
  }

  /** Whether there is a block. */
  get isLive(): boolean {
    return this.#out.isTTY === true;
  }

  /** How many lines a block may have, so that its first line is still on the screen when it is drawn anew. */
  get blockRows(): number {
    return Math.max(1, (this.#out.rows || 24) - 1);
  }

  /** Adds text above the block. */
  say(text: string): void {
    this.#out.write(`${this.#erased()}${text}\n${this.#drawn(this.#block)}`);
  }

  /** Replaces the block; without a terminal nothing happens. */
  show(block: readonly string[]): void {
    if (!this.isLive) {
      return;
    }
    const erased = this.#erased();
    this.#block = block.slice(0, this.blockRows);
    this.#out.write(`${erased}${this.#drawn(this.#block)}`);
  }

  /** Goes back to the line where the block begins, and clears the screen from there. */
  #erased(): string {
    return this.#block.length === 0 ? '' : `\x1b[${this.#block.length}A\r${CLEAR_TO_END}`;
  }

  /** A line that the terminal would wrap takes two, and the way back would be wrong: it is cut. */
  #drawn(block: readonly string[]): string {
    const columns = this.#out.columns || 80;
    return block.map((line) => `${line.slice(0, columns - 1)}\n`).join('');
  }
}
