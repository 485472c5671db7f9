/** The part of `tty.WriteStream` that the screen needs. */
export interface ScreenOutput {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

const clearLine = '\x1b[K';
const clearBelow = '\x1b[J';
const clearScreen = '\x1b[2J\x1b[H';

/** A block of lines on a terminal that is redrawn in its place. Lines that stay the same are not written again, so that nothing flickers. */
export class Screen {
  readonly #out: ScreenOutput;
  readonly #redraw: () => void;
  #shown: readonly string[] = [];

  /** `onResize` is called when the terminal has another size and the block must be drawn anew. */
  constructor(out: ScreenOutput, onResize: () => void) {
    this.#out = out;
    // Where lines now break cannot be known, so that the way back to the first one cannot either.
    this.#redraw = () => {
      this.#out.write(clearScreen);
      this.#shown = [];
      onResize();
    };
    out.on('resize', this.#redraw);
  }

  /** A line that fills the last column would be two on some terminals. */
  get columns(): number {
    return Math.max(1, (this.#out.columns || 80) - 1);
  }

  /** How many lines a block may have, so that its first one is still on the screen when it is drawn anew. */
  get rows(): number {
    return Math.max(1, (this.#out.rows || 24) - 1);
  }

  /** Draws the block; its lines are no longer than `columns`, and there are at most `rows`. */
  show(lines: readonly string[]): void {
    const back = this.#shown.length === 0 ? '' : `\x1b[${this.#shown.length}A\r`;
    const drawn = lines.map((line, index) => (line === this.#shown[index] ? '\n' : `${line}${clearLine}\n`));
    const isShorter = lines.length < this.#shown.length;
    this.#out.write(back + drawn.join('') + (isShorter ? clearBelow : ''));
    this.#shown = lines;
  }

  close(): void {
    this.#out.off('resize', this.#redraw);
  }
}
