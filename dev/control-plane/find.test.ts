import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firstComplete } from './find.ts';
import { lookInto } from './folder.ts';

describe('firstComplete', () => {
  const complete = { etcd: '/a/etcd', 'kube-apiserver': '/a/kube-apiserver' };
  let said: string[];
  beforeEach(() => {
    said = [];
  });
  const report = (line: string): number => said.push(line);

  it('takes the first place that has both servers, and asks no further', async () => {
    const { source, found } = await firstComplete(
      [
        { name: 'first', look: async () => complete },
        { name: 'second', look: () => Promise.reject(new Error('was asked')) },
      ],
      report,
    );
    expect({ source, found, said }).toEqual({ source: 'first', found: complete, said: [] });
  });

  it('passes over an incomplete folder and a failing download, and says why', async () => {
    const { source } = await firstComplete(
      [
        { name: 'folder', look: async () => ({ etcd: '/b/etcd' }) },
        { name: 'download', look: () => Promise.reject(new Error('no network')) },
        { name: 'last', look: async () => complete },
      ],
      report,
    );
    expect(source).toBe('last');
    expect(said).toEqual(['Not from folder: no kube-apiserver', 'Not from download: no network']);
  });

  it('names every place that was tried and the way out when none helps', async () => {
    const search = firstComplete(
      [
        { name: 'folder', look: async () => ({}) },
        { name: 'download', look: () => Promise.reject(new Error('no network')) },
      ],
      report,
    );
    await expect(search).rejects.toThrow(
      /folder: no etcd and no kube-apiserver\n.*download: no network\n.*KUBEBUILDER_ASSETS/,
    );
  });
});

describe('lookInto', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assets-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('finds the programs that can be run', async () => {
    await writeFile(join(folder, 'etcd'), '', { mode: 0o755 });
    await writeFile(join(folder, 'kube-apiserver'), '', { mode: 0o644 });
    await writeFile(join(folder, 'something'), '', { mode: 0o755 });
    expect(await lookInto(folder)).toEqual({ etcd: join(folder, 'etcd') });
  });

  it('takes no folder for a program', async () => {
    await mkdir(join(folder, 'etcd'));
    expect(await lookInto(folder)).toEqual({});
  });

  it('finds nothing where there is no folder', async () => {
    expect(await lookInto(join(folder, 'absent'))).toEqual({});
  });
});
