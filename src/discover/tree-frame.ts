import { instanceText } from './item-text.ts';
import { type Line, padEnd, printable, type Tone, widthOf } from './terminal-text.ts';
import { type Level, type LevelState, levelsOf } from './tree.ts';

const stateText: Readonly<Record<LevelState, string>> = { up: 'up', partly: 'partly up', down: 'down' };
const stateTone: Readonly<Record<LevelState, Tone>> = { up: 'good', partly: 'doubtful', down: 'bad' };
const stateWidth = 9;
/** Names longer than this do not push the states of all others to the right. */
const widestName = 60;

/** The hierarchy as lines: names indented by their depth, then state, and what is summed up or registered there. */
export function treeFrame(root: Level): readonly Line[] {
  const rows = [...rowsOf(root, 0)];
  const width = Math.min(widestName, Math.max(...rows.map(({ name }) => widthOf(name))));
  return rows.map(({ name, level }) => [
    { text: `${padEnd(name, width)}  ` },
    { text: padEnd(stateText[level.state], stateWidth), tone: stateTone[level.state] },
    { text: `  ${detailOf(level)}`, tone: 'quiet' },
  ]);
}

/** How many registrations there are, and how many levels are in which state. */
export function treeSummary(root: Level): string {
  const levels = [...levelsOf(root)].length - 1;
  return `${root.up} of ${root.of} up in ${levels} ${levels === 1 ? 'level' : 'levels'}`;
}

function* rowsOf(level: Level, depth: number): Generator<{ readonly name: string; readonly level: Level }> {
  yield { name: '  '.repeat(depth) + printable(level.name), level };
  for (const child of level.children) {
    yield* rowsOf(child, depth + 1);
  }
}

function detailOf({ up, of, registration }: Level): string {
  if (registration === undefined) {
    return `${up}/${of}`;
  }
  return registration.items
    .flatMap((item) => {
      if (item.kind === 'instance') {
        return [printable(instanceText(item.instance))];
      }
      return item.kind === 'rejected' ? [printable(`${item.reason}: ${item.message}`)] : [];
    })
    .join(', ');
}
