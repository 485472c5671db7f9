import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Buildah with a store of its own, which is gone with its folder. */
export class Buildah {
  readonly #folder: string;
  readonly #store: readonly string[];

  constructor(folder: string) {
    this.#folder = folder;
    this.#store = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run')];
  }

  /** Runs a command of buildah and returns what it prints; rejects with its message when it fails. */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run('buildah', [...this.#store, command, ...args], { maxBuffer: 16 << 20 });
    return stdout.trim();
  }

  /** Makes an image from nothing by what is done to its container. */
  async make(image: string, fill: (container: string) => Promise<void>): Promise<void> {
    const container = await this.run('from', 'scratch');
    await fill(container);
    await this.run('commit', '--rm', '--quiet', container, image);
  }

  /** Makes a container of the image and returns where its root is mounted. */
  async mount(image: string): Promise<string> {
    return await this.run('mount', await this.run('from', image));
  }

  /** Removes everything. */
  async close(): Promise<void> {
    await this.run('rm', '--all');
    await rm(this.#folder, { recursive: true, force: true });
  }
}
