import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The process ids of running processes whose command line names `text`, such as their data directory. */
export async function processesOf(text: string): Promise<number[]> {
  const lines = process.platform === 'linux' ? await readProc() : await askPs();
  return lines.filter(([, command]) => command.includes(text)).map(([pid]) => pid);
}

type Line = readonly [pid: number, command: string];

/** Small systems have no ps. A process that has ended but was not waited for has an empty command line. */
async function readProc(): Promise<Line[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  return await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return [pid, command.replaceAll('\0', ' ')] as const;
    }),
  );
}

async function askPs(): Promise<Line[]> {
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,args=']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => [Number.parseInt(line, 10), line] as const);
}
