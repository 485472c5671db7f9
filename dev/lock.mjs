// Plain JavaScript, because dev/bootstrap.mjs needs it before there are packages and under whatever Node is installed.
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 200;
const SAY_EVERY_MS = 5_000;

/**
 * Runs `work` while holding the lock file `path`, so that only one process (of this machine) does at a time. A lock whose owner has died is
 * taken over. `onWait` is called every few seconds while another process holds it, with its process id.
 */
export async function withLock(path, onWait, work) {
  await mkdir(dirname(path), { recursive: true });
  // Written first and linked then: a lock file is never seen half-written.
  const mine = `${path}.${randomUUID()}`;
  const me = JSON.stringify({ pid: process.pid, started: await startOf(process.pid), id: mine });
  await writeFile(mine, me);
  try {
    await acquire(path, mine, onWait);
    try {
      return await work();
    } finally {
      await rm(path, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function acquire(path, mine, onWait) {
  let sayAt = 0;
  while (!(await tryLink(mine, path))) {
    const owner = await readOwner(path);
    if (owner !== undefined && !(await isAlive(owner))) {
      await removeStale(path, owner);
      continue;
    }
    if (owner !== undefined && performance.now() >= sayAt) {
      onWait(owner.pid);
      sayAt = performance.now() + SAY_EVERY_MS;
    }
    await pause(LOOK_EVERY_MS);
  }
}

async function tryLink(from, to) {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

async function readOwner(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') {
      return undefined;
    }
    // Not written by us, or damaged by a crash of the machine: nobody's.
    return { pid: 0, started: '', id: '' };
  }
}

/** Takes a dead owner's lock away. Of two that try, one moves it; what is moved by mistake (it changed hands meanwhile) is put back. */
async function removeStale(path, dead) {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') {
      return;
    }
    throw error;
  }
  const moved = await readOwner(aside);
  if (moved !== undefined && moved.id !== dead.id) {
    await tryLink(aside, path);
  }
  await rm(aside, { force: true });
}

async function isAlive({ pid, started }) {
  if (!Number.isInteger(pid) || pid <= 0) {
    return false;
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return started === (await startOf(pid));
}

/** When the process started, in ticks since boot: tells it from a later one of the same number. Empty where the system does not say. */
async function startOf(pid) {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Fields after the name, which is in brackets and may hold spaces; the start time is the 22nd of all (man 5 proc).
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
