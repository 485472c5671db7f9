import { beforeEach, describe, expect, it } from 'vitest';
import { turns } from '../../test/kit/fake-clock.ts';
import { TurnWriter } from './turn-writer.ts';

describe('what is written in one turn of the event loop', () => {
  let written: string[];
  let writer: TurnWriter;

  beforeEach(() => {
    written = [];
    writer = new TurnWriter({ write: (text) => void written.push(text) });
  });

  it('leaves at its end, in one piece and in order', async () => {
    writer.write('a\n');
    writer.write('b\n');
    expect(written).toEqual([]);
    await turns(1);
    writer.write('c\n');
    await turns(2);
    expect(written).toEqual(['a\nb\n', 'c\n']);
  });

  it('leaves at once where that is asked for, and not once more', async () => {
    writer.write('a\n');
    writer.flush();
    expect(written).toEqual(['a\n']);
    await turns(2);
    expect(written).toEqual(['a\n']);
  });
});
