import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from './lock.mjs';

describe('withLock', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'));
    path = join(folder, 'lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const noWaiting = (): void => {
    throw new Error('had to wait');
  };

  it('runs one after the other, tells the second whom it waits for, and leaves no file', async () => {
    const events: string[] = [];
    const waitedFor: number[] = [];
    const work = (name: string) => async () => {
      events.push(`${name} begins`);
      await pause(50);
      events.push(`${name} ends`);
    };
    await Promise.all([
      withLock(path, (owner) => waitedFor.push(owner), work('a')),
      withLock(path, (owner) => waitedFor.push(owner), work('b')),
    ]);
    const [first, second] = events[0] === 'a begins' ? ['a', 'b'] : ['b', 'a'];
    expect(events).toEqual([`${first} begins`, `${first} ends`, `${second} begins`, `${second} ends`]);
    expect(waitedFor).toContain(process.pid);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is free again after work that failed', async () => {
    const failure = withLock(path, noWaiting, () => Promise.reject(new Error('failed')));
    await expect(failure).rejects.toThrow('failed');
    expect(await withLock(path, noWaiting, async () => 'done')).toBe('done');
  });

  it('is taken from an owner that was killed', async () => {
    const program = `
      import { withLock } from ${JSON.stringify(new URL('./lock.mjs', import.meta.url).href)};
      await withLock(${JSON.stringify(path)}, () => undefined, () => {
        console.log('mine');
        return new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', program]);
    await once(owner.stdout, 'data');
    owner.kill('SIGKILL');
    await once(owner, 'close');
    expect(await withLock(path, noWaiting, async () => 'done')).toBe('done');
  });

  it('is taken from a process whose number another one has now', async () => {
    await writeFile(path, JSON.stringify({ pid: process.pid, started: 'before', id: 'other' }));
    expect(await withLock(path, noWaiting, async () => 'done')).toBe('done');
  });

  it('is taken where its file tells nothing', async () => {
    await writeFile(path, '');
    expect(await withLock(path, noWaiting, async () => 'done')).toBe('done');
  });
});
