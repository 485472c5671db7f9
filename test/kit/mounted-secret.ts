import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder with files as the kubelet mounts a Secret: links that lead through one, by which all are exchanged at once. */
export class MountedSecret {
  readonly #folder: string;
  #version = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** The folder goes with the test. */
  static async create(files: Readonly<Record<string, string>>): Promise<MountedSecret> {
    const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-secret-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const secret = new MountedSecret(folder);
    await secret.change(files);
    for (const name of Object.keys(files)) {
      await symlink(join('..data', name), join(folder, name));
    }
    return secret;
  }

  file(name: string): string {
    return join(this.#folder, name);
  }

  async change(files: Readonly<Record<string, string>>): Promise<void> {
    this.#version += 1;
    const version = `..${this.#version}`;
    await mkdir(this.file(version));
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(this.#folder, version, name), text);
    }
    await symlink(version, this.file('..next'));
    await rename(this.file('..next'), this.file('..data'));
  }
}
