import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { startChild } from './child.ts';

/** Whether a process of this number runs. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const isLinux = process.platform === 'linux';

describe('startChild', () => {
  it('keeps the output and sees the end of a process', async () => {
    const child = await startChild('sh', ['-c', 'echo out; echo err >&2']);
    await child.exited;
    await eventually(() => expect(child.output.split('\n').toSorted()).toEqual(['', 'err', 'out']));
    expect(child.running).toBe(false);
  });

  it('stops one that is paused', async () => {
    const child = await startChild('sleep', ['1000']);
    child.signal('SIGSTOP');
    await child.stop();
    expect(isRunning(child.pid)).toBe(false);
  });

  it('kills one that does not want to end', async () => {
    const child = await startChild('sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done']);
    await eventually(() => expect(child.output).toContain('ready'));
    await child.stop(200);
    expect(isRunning(child.pid)).toBe(false);
  });

  it.skipIf(!isLinux)(
    'dies with the process that started it, even when that is killed [needs Linux]',
    async () => {
      const program = `
      import { startChild } from ${JSON.stringify(new URL('./child.ts', import.meta.url).href)};
      const child = await startChild('sleep', ['1000']);
      console.log(child.pid);
      setInterval(() => undefined, 1_000);`;
      const parent = spawn(process.execPath, ['--input-type=module', '--eval', program]);
      const [line] = await once(parent.stdout, 'data');
      const pid = Number(String(line));
      expect(isRunning(pid)).toBe(true);
      parent.kill('SIGKILL');
      await eventually(() => expect(isRunning(pid)).toBe(false));
    },
  );
});
