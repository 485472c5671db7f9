import { glob, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');

/** Which rooms the files of each room import from, as the page says it: sorted, in backticks. */
async function importedRooms(): Promise<Map<string, string>> {
  const rooms = new Map<string, Set<string>>();
  for await (const file of glob('*/**/*.ts', { cwd: source })) {
    const room = roomOf(file);
    const uses = rooms.get(room) ?? new Set();
    rooms.set(room, uses);
    if (!/\.(test|model)/.test(file)) {
      for (const used of await importsOf(file)) {
        uses.add(used);
      }
      uses.delete(room);
    }
  }
  return new Map(
    [...rooms].map(([room, uses]) => [
      room,
      [...uses]
        .sort()
        .map((used) => `\`${used}\``)
        .join(' '),
    ]),
  );
}

async function importsOf(file: string): Promise<string[]> {
  const text = await readFile(join(source, file), 'utf8');
  return [...text.matchAll(/\b(?:from |import\()'(\.[^']+)'/g)]
    .map(([, target = '']) => relative(source, join(source, dirname(file), target)))
    .filter((target) => target.includes('/'))
    .map(roomOf);
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? '';
}

it('the architecture page lists every room of src, with the rooms that it uses, and no other', async () => {
  const page = await readFile(join(root, 'docs/architecture.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)\/` \| .+ \| (.*?) ?\|$/gm)];
  const told = new Map(rows.map(([, room = '', uses = '']) => [room, uses]));
  expect(told).toEqual(await importedRooms());
});
