import { describe, expect, it } from 'vitest';
import { type Output, Screen } from './screen.ts';
import { table } from './table.ts';

/** A terminal that knows what the screen uses: line ends, the way up, and clearing from there. Wraps as real ones do. */
class Terminal implements Output {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows: number;
  #lines: string[] = [];

  constructor(columns = 80, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    for (const [part = ''] of text.replaceAll('\x1b', '␛').matchAll(/␛\[\d+[AJ]|\r|[^␛\r\n]*\n/g)) {
      const up = /^␛\[(\d+)A$/.exec(part)?.[1];
      if (up !== undefined) {
        this.#lines = this.#lines.slice(0, this.#lines.length - Number(up));
      } else if (part.endsWith('\n')) {
        const wrapped = part.slice(0, -1).match(new RegExp(`.{1,${this.columns}}`, 'g'));
        this.#lines.push(...(wrapped ?? ['']));
      }
    }
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}

describe('Screen', () => {
  it('keeps the block below what is said, and one block only', () => {
    const terminal = new Terminal();
    const screen = new Screen(terminal);
    screen.say('one');
    screen.show(['a', 'b']);
    screen.say('two\nthree');
    screen.show(['c']);
    expect(terminal.lines).toEqual(['one', 'two', 'three', 'c']);
  });

  it('takes the block away when an empty one is shown', () => {
    const terminal = new Terminal();
    const screen = new Screen(terminal);
    screen.show(['a', 'b']);
    screen.show([]);
    screen.say('end');
    expect(terminal.lines).toEqual(['end']);
  });

  it('cuts lines that the terminal would wrap, and blocks that it cannot hold', () => {
    const terminal = new Terminal(10, 4);
    const screen = new Screen(terminal);
    const block = ['a'.repeat(30), 'b', 'c', 'd', 'e'];
    screen.show(block);
    screen.show(block);
    expect(terminal.lines).toEqual(['a'.repeat(9), 'b', 'c']);
  });

  it('prints lines alone where there is no terminal', () => {
    let printed = '';
    const screen = new Screen({ write: (text) => (printed += text) });
    screen.show(['a']);
    screen.say('one');
    screen.show(['b']);
    expect(printed).toBe('one\n');
  });
});

describe('table', () => {
  const address = (index: number) => ({ address: `192.0.2.${index}:80`, ready: index !== 2, since: 0 });

  it('says of each address whether it is ready, and for how long', () => {
    const lines = table([address(1), address(2)], 3_400, 24);
    expect(lines.slice(2).map((line) => line.split(/ {2,}/))).toEqual([
      ['192.0.2.1:80', 'ready', '3 s'],
      ['192.0.2.2:80', 'not ready', '3 s'],
    ]);
  });

  it('says how many addresses there is no room for', () => {
    const many = Array.from({ length: 10 }, (_, index) => address(index));
    const lines = table(many, 0, 6);
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toBe('… and 7 more');
  });

  it('says that there is none', () => {
    expect(table([], 0, 24).at(-1)).toBe('(none)');
  });
});
