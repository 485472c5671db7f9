/** A terminal that understands the few escape sequences that our screens use, and shows what a person would see. */
export class FakeTerminal {
  readonly isTTY = true;
  columns = 60;
  rows = 12;
  /** Everything that was written since a test emptied it. */
  written = '';
  #lines: string[] = [''];
  #row = 0;
  #column = 0;
  #resize: (() => void) | undefined;

  write(text: string): void {
    this.written += text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    for (const [token] of text.matchAll(/\x1b\[(\d*)([A-Z])|[\s\S]/g)) {
      this.#apply(token);
    }
  }

  on(_event: string, listener: () => void): void {
    this.#resize = listener;
  }

  off(_event: string, listener: () => void): void {
    if (this.#resize === listener) {
      this.#resize = undefined;
    }
  }

  resize(rows: number): void {
    this.rows = rows;
    this.#resize?.();
  }

  /** What a person sees, without empty lines at the end. */
  get seen(): string {
    return this.#lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd();
  }

  #apply(token: string): void {
    if (token === '\n') {
      this.#row += 1;
      this.#column = 0;
      this.#lines[this.#row] ??= '';
    } else if (token === '\r') {
      this.#column = 0;
    } else if (token.endsWith('A') && token.length > 1) {
      this.#row -= Number(token.slice(2, -1));
    } else if (token === '\x1b[K') {
      this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column);
    } else if (token === '\x1b[J') {
      this.#lines = this.#lines.slice(0, this.#row);
    } else if (token === '\x1b[2J') {
      this.#lines = [''];
    } else if (token === '\x1b[H') {
      this.#row = this.#column = 0;
    } else {
      this.#put(token);
    }
  }

  #put(char: string): void {
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + char + line.slice(this.#column + 1);
    this.#column += 1;
  }
}
