import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { completableCommands } from '../../src/cli/completable.ts';
import { command } from './command.ts';

const run = promisify(execFile);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-completion-'));
  const { stdout } = await command(['completion', 'bash']);
  await writeFile(join(folder, 'bash'), stdout);
  await writeFile(join(folder, 'ca.pem'), '');
  return () => rm(folder, { recursive: true });
});

/** What a real bash offers after these words, as its readline would ask the function that the script defines. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const script = `
source ./bash
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
eval "$(complete -p etcd-endpoints | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--norc', '-c', script, 'bash', 'etcd-endpoints', ...words];
  const { stdout } = await run('bash', args, { cwd: folder });
  return stdout.split('\n').filter(Boolean);
}

describe('completion in bash', () => {
  it('knows every command that help names', async () => {
    const { stdout } = await command(['--help']);
    const named = [...stdout.matchAll(/^ +etcd-endpoints (\S+)/gm)].map(([, name = '']) => name);
    expect(Object.keys(completableCommands)).toEqual(named);
    expect(await offered('')).toEqual([...named, '--help', '--version']);
  });

  it.each([
    [['con'], ['controller']],
    [['controller', '--leader'], ['--leader-elect']],
    [
      ['controller', '--leader-elect', ''],
      ['etcd', 'kubernetes', 'off'],
    ],
    [['controller', '--leader-elect', '=', 'k'], ['kubernetes']],
    [
      ['controller', '--leader-elect', '='],
      ['etcd', 'kubernetes', 'off'],
    ],
    [
      ['discover', '--output', ''],
      ['table', 'json'],
    ],
    [
      ['doctor', '--output', ''],
      ['text', 'json'],
    ],
    [['controller', '--etcd-ca', 'ca'], ['ca.pem']],
    [['controller', '--workers', ''], []],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['crds', '--'],
      ['--help', '--help-all'],
    ],
  ])('after %j offers %j', async (words, expected) => {
    const offers = await offered(...words);
    expect(offers).toEqual(expected);
  });

  it('offers no flag for a password', async () => {
    expect(await offered('controller', '--etcd-pass')).toEqual(['--etcd-password-file']);
  });
});

describe('completion', () => {
  it('for fish names flags with their words', async () => {
    const { code, stdout } = await command(['completion', 'fish']);
    expect(code).toBe(0);
    expect(stdout).toContain("-n '__fish_seen_subcommand_from controller' -l guard -x -a 'on off'\n");
    expect(stdout).toContain("-f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n");
  });

  it('for zsh is that of bash behind what makes zsh read it', async () => {
    const { stdout } = await command(['completion', 'zsh']);
    expect(stdout).toMatch(/^#compdef etcd-endpoints\nautoload -U \+X bashcompinit && bashcompinit\n/);
  });

  it('for another shell is refused', async () => {
    const { code, stderr } = await command(['completion', 'csh']);
    expect(code).toBe(2);
    expect(stderr).toContain('--shell "csh": expected one of bash, zsh, fish');
  });
});
