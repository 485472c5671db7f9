import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cache, cacheRoot } from './cache.ts';

const run = promisify(execFile);

describe('Cache', () => {
  let root: string;
  let made: number;
  let said: string[];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cache-'));
    made = 0;
    said = [];
  });
  afterEach(() => rm(root, { recursive: true }));

  const report = (line: string): number => said.push(line);
  const make = async (files: string): Promise<void> => {
    made += 1;
    await writeFile(join(files, 'program'), `made ${made}`);
  };

  it('makes an entry once and finds it again', async () => {
    const first = await new Cache(root).get('entry', report, make);
    const second = await new Cache(root).get('entry', report, make);
    expect(second).toBe(first);
    expect(made).toBe(1);
  });

  it('makes an entry once for two that want it at the same time', async () => {
    const cache = new Cache(root);
    const [first, second] = await Promise.all([
      cache.get('entry', report, make),
      cache.get('entry', report, make),
    ]);
    expect(first).toBe(second);
    expect(made).toBe(1);
  });

  it('makes an entry once for several processes', async () => {
    const log = join(root, 'log');
    const program = `
      import { appendFile, writeFile } from 'node:fs/promises';
      import { setTimeout } from 'node:timers/promises';
      import { Cache } from ${JSON.stringify(new URL('./cache.ts', import.meta.url).href)};
      await new Cache(${JSON.stringify(root)}).get('entry', () => undefined, async (files) => {
        await appendFile(${JSON.stringify(log)}, 'made\\n');
        await setTimeout(300);
        await writeFile(files + '/program', 'x');
      });`;
    const start = () => run(process.execPath, ['--input-type=module', '--eval', program]);
    await Promise.all([start(), start(), start()]);
    expect(await readFile(log, 'utf8')).toBe('made\n');
  });

  it('makes an entry again when a file of it was damaged, and says so', async () => {
    const folder = await new Cache(root).get('entry', report, make);
    await appendFile(join(folder, 'program'), 'rot');
    await new Cache(root).get('entry', report, make);
    expect(await readFile(join(folder, 'program'), 'utf8')).toBe('made 2');
    expect(said).toEqual([`${folder} is damaged and will be made again`]);
  });

  it('makes an entry again when a file of it is gone', async () => {
    const folder = await new Cache(root).get('entry', report, make);
    await rm(join(folder, 'program'));
    await new Cache(root).get('entry', report, make);
    expect(made).toBe(2);
  });

  it('takes a folder without a manifest for half-written', async () => {
    await mkdir(join(root, 'entry'));
    await writeFile(join(root, 'entry', 'program'), 'half');
    expect(await new Cache(root).find('entry')).toBeUndefined();
    const folder = await new Cache(root).get('entry', report, make);
    expect(await readFile(join(folder, 'program'), 'utf8')).toBe('made 1');
  });

  it('keeps nothing of an entry that could not be made, and tries again', async () => {
    const failing = async (files: string): Promise<void> => {
      await writeFile(join(files, 'program'), 'half');
      throw new Error('out of disk');
    };
    await expect(new Cache(root).get('entry', report, failing)).rejects.toThrow('out of disk');
    expect(await readdir(root)).toEqual([]);
    await new Cache(root).get('entry', report, make);
    expect(made).toBe(1);
  });

  it('clears away what a maker that was killed left', async () => {
    await mkdir(join(root, 'entry.making-1', 'files'), { recursive: true });
    await new Cache(root).get('entry', report, make);
    expect(await readdir(root)).toEqual(['entry']);
  });
});

describe('cacheRoot', () => {
  it("lies in the user's cache folder", () => {
    expect(cacheRoot({ XDG_CACHE_HOME: '/home/me/.my-cache' })).toBe('/home/me/.my-cache/etcd-endpoints');
    expect(cacheRoot({})).toMatch(/\.cache\/etcd-endpoints$/);
  });
});
