import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeTerminal } from '../../test/kit/fake-terminal.ts';
import { Screen } from './screen.ts';

const word = fc.stringMatching(/^[a-z]{1,8}$/);

describe('a block on a terminal', () => {
  it('is what was shown last, after whatever was shown before', () => {
    fc.assert(
      fc.property(fc.array(fc.array(word, { maxLength: 9 }), { minLength: 1 }), (blocks) => {
        const terminal = new FakeTerminal();
        const screen = new Screen(terminal, () => undefined);
        for (const block of blocks) {
          screen.show(block);
        }
        expect(terminal.seen).toBe(blocks.at(-1)?.join('\n'));
      }),
    );
  });

  it('is not written again where it stays the same', () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal, () => undefined);
    screen.show(['first', 'second', 'third']);
    terminal.written = '';
    screen.show(['first', 'changed', 'third']);
    expect(terminal.written).toBe('\x1b[3A\r\nchanged\x1b[K\n\n');
  });

  it('is drawn anew on an empty screen when the terminal has another size', () => {
    const terminal = new FakeTerminal();
    let resized = 0;
    const screen = new Screen(terminal, () => {
      resized += 1;
      screen.show(['only']);
    });
    screen.show(['first', 'second']);
    terminal.resize(5);
    expect({ resized, seen: terminal.seen, rows: screen.rows }).toEqual({
      resized: 1,
      seen: 'only',
      rows: 4,
    });
    screen.close();
    terminal.resize(6);
    expect(resized).toBe(1);
  });
});
