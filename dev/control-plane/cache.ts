import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { withLock } from '../lock.mjs';
import type { Report } from './binaries.ts';

const MANIFEST = 'manifest.json';

/** The sha256 of every file of an entry, in hex, by name. */
const manifestSchema = z.object({ files: z.record(z.string(), z.string()) });

/** The folder of this project in the user's cache. */
export function cacheRoot(environment: NodeJS.ProcessEnv): string {
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'etcd-endpoints');
}

/**
 * Files that take long to make or to get, kept for the next time. An entry is complete or absent: it is made in a folder beside, and renamed
 * when its manifest stands. One that was damaged later is found by its sums and made again.
 */
export class Cache {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** The folder of an entry that is there and whole. */
  async find(name: string): Promise<string | undefined> {
    const folder = join(this.root, name);
    return (await isWhole(folder)) ? folder : undefined;
  }

  /**
   * The folder of an entry, made if need be. `make` gets a folder for its scratch files, and one into which it puts the files of the entry.
   * Of several processes that want the same entry one makes it, and the others wait.
   */
  async get(
    name: string,
    report: Report,
    make: (files: string, scratch: string) => Promise<void>,
  ): Promise<string> {
    const found = await this.find(name);
    if (found !== undefined) {
      return found;
    }
    const waiting = (owner: number): void => report(`Waiting for process ${owner}, which is getting ${name}`);
    return await withLock(join(this.root, `${name}.lock`), waiting, async () => {
      return (await this.find(name)) ?? (await this.#make(name, report, make));
    });
  }

  async #make(
    name: string,
    report: Report,
    make: (files: string, scratch: string) => Promise<void>,
  ): Promise<string> {
    const folder = join(this.root, name);
    const scratchPrefix = `${name}.making-`;
    const scratch = join(this.root, `${scratchPrefix}${process.pid}`);
    const files = join(scratch, 'files');
    const present = await readdir(this.root);
    if (present.includes(name)) {
      report(`${folder} is damaged and will be made again`);
    }
    // Scratch folders are those of makers that were killed: the lock is ours.
    for (const stale of present.filter((entry) => entry === name || entry.startsWith(scratchPrefix))) {
      await rm(join(this.root, stale), { recursive: true, force: true, maxRetries: 5 });
    }
    await mkdir(files, { recursive: true });
    try {
      await make(files, scratch);
      await writeFile(join(files, MANIFEST), JSON.stringify({ files: await sumsOf(files) }, undefined, 2));
      await rename(files, folder);
    } finally {
      await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
    }
    return folder;
  }
}

async function isWhole(folder: string): Promise<boolean> {
  try {
    const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')));
    const sums = await sumsOf(folder);
    return Object.entries(manifest.files).every(([name, sum]) => sums[name] === sum);
  } catch {
    return false;
  }
}

async function sumsOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => name !== MANIFEST);
  const sums = names.map(async (name) => [name, await sumOf(join(folder, name))] as const);
  return Object.fromEntries(await Promise.all(sums));
}

/** The sha256 of a file in hex. */
export async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
