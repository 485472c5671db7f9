import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiscoverEvent } from '../../src/discover/events.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import type { RawEtcd } from '../kit/raw-etcd.ts';
import { proxyFor, rawEtcd } from '../kit/rig.ts';
import { bin, command } from './command.ts';
import { type RunningCommand, runCommand } from './running-command.ts';

let etcd: RegistryEtcd;
const endpoint = (): string => etcd.endpoints[0] ?? '';
const nowhere = 'http://127.0.0.1:1';

beforeAll(async () => {
  etcd = await startEtcd();
});
afterAll(() => etcd.stop());

function discover(...args: readonly string[]): RunningCommand {
  return runCommand(['discover', '--etcd', endpoint(), ...args]);
}

function list(...args: readonly string[]) {
  return command(['discover', '--etcd', endpoint(), '--once', ...args]);
}

function events(lines: readonly string[]): DiscoverEvent[] {
  return lines.map((line) => JSON.parse(line) as DiscoverEvent);
}

/** The keys that somebody believes to be there who has read every event. */
function believed(read: readonly DiscoverEvent[]): Map<string, number> {
  const keys = new Map<string, number>();
  for (const event of read) {
    if (event.type === 'put') {
      keys.set(event.key, event.modRevision);
    }
    if (event.type === 'delete') {
      keys.delete(event.key);
    }
  }
  return keys;
}

async function truth(raw: RawEtcd, prefix: string): Promise<Map<string, number>> {
  const content = await raw.content(prefix);
  return new Map([...content].map(([key, { mod_revision }]) => [key, Number(mod_revision)]));
}

describe('discover --once', () => {
  it('prints what is registered as a table, without colours or sequences where it is no terminal', async () => {
    const raw = rawEtcd(endpoint());
    await raw.put('/table/web/1', '10.0.0.1:80');
    await raw.put('/table/web/2', '{"ip":"10.0.0.2","port":81}');
    await raw.put('/table/web/\x1b[2J', '127.0.0.1:80');
    await raw.put('/table-other', '10.0.0.9:80');
    expect(await list('/table')).toEqual({
      code: 0,
      signal: null,
      stderr: '',
      stdout: [
        'KEY                   INSTANCE     STATE',
        '/table/web/\\u{1b}[2J  -            InvalidAddress: 127.0.0.1 is a loopback address',
        '/table/web/1          10.0.0.1:80  ready',
        '/table/web/2          10.0.0.2:81  ready',
        '',
      ].join('\n'),
    });
  });

  it('prints JSON lines, and one at the end of the list', async () => {
    const raw = rawEtcd(endpoint());
    await raw.put('/json/1', '10.0.0.1:80');
    await raw.put('/json/2', 'secret words');
    const { code, stdout } = await list('/json', '--output', 'json');
    expect(code).toBe(0);
    const [first, second, last, ...others] = events(stdout.trimEnd().split('\n'));
    expect(first).toMatchObject({
      type: 'put',
      key: '/json/1',
      lease: null,
      instances: [{ address: '10.0.0.1' }],
    });
    expect(second).toMatchObject({ key: '/json/2', instances: [], rejected: [{ reason: 'InvalidSyntax' }] });
    expect(last).toEqual({ type: 'synced', keys: 2, revision: await raw.revision() });
    expect(others).toEqual([]);
    expect(stdout).not.toContain('secret words');
  });

  it('reads one key, another format, and a prefix without a separator', async () => {
    const raw = rawEtcd(endpoint());
    await raw.put('one.rpc/1', '{"addr":"10.0.0.1:80"}');
    expect((await list('--key', 'one.rpc/1', '--format', 'plain')).stdout).toContain('InvalidSyntax');
    expect((await list('--key', 'one.rpc/1')).stdout).toContain('10.0.0.1:80');
    expect((await list('one.r', '--separator', '')).stdout).toContain('10.0.0.1:80');
    const { code, stdout, stderr } = await list('one.r');
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: 'Nothing is registered at one.r/\n',
    });
  });

  it('case 12: shows a hierarchy with each level up, partly up or down', async () => {
    const raw = rawEtcd(endpoint());
    await raw.put('/case12/project', '10.0.0.1:80');
    await raw.put('/case12/project/sub/module', '10.0.0.2:80');
    await raw.put('/case12/project/sub/other', 'not an address');
    await raw.put('/case12/dead/module', 'not an address');
    const { stdout } = await list('/case12', '--tree');
    expect(stdout.split('\n')).toEqual([
      '/case12/      partly up  2/4',
      '  dead/       down       0/1',
      expect.stringMatching(/^ {4}module {4}down {7}InvalidSyntax: /),
      '  project/    partly up  2/3',
      '    .         up         10.0.0.1:80',
      '    sub/      partly up  1/2',
      '      module  up         10.0.0.2:80',
      expect.stringMatching(/^ {6}other {3}down {7}InvalidSyntax: /),
      '',
    ]);
    const levels = events((await list('/case12', '--tree', '--output=json')).stdout.trimEnd().split('\n'));
    expect(levels).toContainEqual(
      expect.objectContaining({ key: '/case12/project/', state: 'partly', up: 2, of: 3 }),
    );
    expect(levels.at(-1)).toMatchObject({ type: 'synced', keys: 4 });
  });

  it('shows leases as etcdctl names them, with the time that remains', async () => {
    const [, lease = ''] = /lease (\w+) granted/.exec(await etcd.etcdctl(['lease', 'grant', '600'])) ?? [];
    await etcd.etcdctl(['put', '--lease', lease, '/leases/1', '10.0.0.1:80']);
    await etcd.etcdctl(['put', '/leases/2', '10.0.0.2:80']);
    const { stdout } = await list('/leases', '--leases');
    expect(stdout).toMatch(new RegExp(`/leases/1 +10.0.0.1:80 +(5\\d\\d|600) s +${lease} +ready`));
    expect(stdout).toMatch(/\/leases\/2 +10.0.0.2:80 +- +- +ready/);
    const json = events((await list('/leases', '--leases', '--output=json')).stdout.trimEnd().split('\n'));
    expect(json.at(-1)).toMatchObject({ type: 'lease', key: '/leases/1', lease, grantedSeconds: 600 });
  });

  it('fails in bounded time, and says why, where etcd does not answer', async () => {
    const proxy = await proxyFor(endpoint());
    proxy.blackhole();
    const args = ['discover', '/x', '--once', '--timeout', '500ms'];
    const silent = await command([...args, '--etcd', `http://${proxy.address}`]);
    expect(silent).toMatchObject({ code: 1, stdout: '' });
    expect(silent.stderr).toContain('etcd gave no list within --timeout 500 ms');
    const refused = await command([...args, '--etcd', nowhere]);
    expect(refused.stderr).toContain('etcd 127.0.0.1:1 is not available');
  });

  it.each([
    [[], 'A prefix is needed'],
    [['/a', '--key', '/b'], '--key and a prefix are given'],
    [['--key', '/b', '--tree'], '--tree needs a prefix'],
    [['/a', '--tree', '--separator='], '--tree needs a --separator'],
    [['/a', '--tree', '--leases'], '--leases belongs to the table'],
    [['/a', '--format=xml'], '--format "xml": expected one of auto, '],
    [['/a', '--timeout=0s'], '--timeout "0s": expected a time'],
    [['--prefix', ''], '--prefix "": expected a text that is not empty'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stderr } = await list(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('reads by TLS what register has written by TLS', async () => {
    const secure = await startEtcd({ tls: true });
    try {
      const { caFile = '', certFile = '', keyFile = '' } = secure.tls ?? {};
      const tls = ['--etcd-ca', caFile, '--etcd-cert', certFile, '--etcd-key', keyFile];
      const etcdFlags = ['--etcd', secure.endpoints[0] ?? '', ...tls];
      const registered = ['register', ...etcdFlags, '--once', '--key=/tls/1', '--value=10.0.0.1:80'];
      expect(await command(registered)).toMatchObject({ code: 0, stderr: '' });
      const { stdout } = await command(['discover', ...etcdFlags, '/tls', '--once']);
      expect(stdout).toContain('/tls/1  10.0.0.1:80  ready');
    } finally {
      await secure.stop();
    }
  });

  it('names what a user may not read, at once', async () => {
    const auth = {
      rootPassword: 'root-password',
      users: [{ name: 'half', password: 'half-password', prefix: '/mine/', access: 'read' as const }],
    };
    const guarded = await startEtcd({ auth });
    try {
      const env = { ETCD_ENDPOINTS_ETCD_PASSWORD: 'half-password' };
      const args = ['discover', '--etcd', guarded.endpoints[0] ?? '', '--etcd-user', 'half', '--once'];
      expect(await command([...args, '/mine'], { env })).toMatchObject({ code: 0 });
      const denied = await command([...args, '/theirs', '--timeout', '30s'], { env });
      expect(denied.code).toBe(1);
      expect(denied.stderr).toContain("denies this; grant it to the user's role");
    } finally {
      await guarded.stop();
    }
  });
});

describe('discover', () => {
  it('follows as JSON lines and loses none of 2000 changes while its connections are cut', async () => {
    const raw = rawEtcd(endpoint());
    const proxy = await proxyFor(endpoint());
    const follower = runCommand(['discover', '--etcd', `http://${proxy.address}`, '/cuts', '--output=json']);
    await follower.says('"synced"');
    const before = await raw.revision();
    for (let change = 0; change < 2000; change += 1) {
      const key = `/cuts/${change % 50}`;
      await (change % 7 === 6 ? raw.delete(key) : raw.put(key, `10.0.0.${change % 200}:80`));
      if (change % 400 === 200) {
        proxy.cut();
      }
    }
    const history = await raw.history(before + 1, '/cuts/');
    await eventually(() => expect(events(follower.lines).length - 1).toBe(history.length), {
      timeoutMs: 20_000,
    });
    const read = events(follower.lines);
    expect(read.slice(1).map((event) => ('revision' in event ? event.revision : 0))).toEqual(
      history.map(({ revision }) => Number(revision)),
    );
    expect(believed(read)).toEqual(await truth(raw, '/cuts/'));
    expect(await follower.stop()).toMatchObject({ code: 0 });
  });

  it('tells a reader that sleeps what is true when it wakes up', async () => {
    const raw = rawEtcd(endpoint());
    const follower = discover('/asleep', '--output=json');
    await follower.says('"synced"');
    follower.process.stdout?.pause();
    const value = JSON.stringify({ addr: '10.0.0.1', note: 'x'.repeat(60_000) });
    await Promise.all(
      Array.from({ length: 16 }, async (_, worker) => {
        for (let change = 0; change < 100; change += 1) {
          await raw.put(`/asleep/${worker}`, value);
        }
      }),
    );
    await raw.put('/asleep/last', '10.0.0.1:80');
    follower.process.stdout?.resume();
    await follower.says('/asleep/last');
    const read = events(follower.lines);
    expect(believed(read)).toEqual(await truth(raw, '/asleep/'));
    const merged = read.reduce((sum, event) => sum + (event.type === 'merged' ? event.events : 0), 0);
    const told = read.filter((event) => event.type === 'put').length;
    expect(merged).toBeGreaterThan(0);
    expect(merged + told).toBe(1601);
  });

  it('says each change on a line where a table has no terminal', async () => {
    const raw = rawEtcd(endpoint());
    await raw.put('/text/1', '10.0.0.1:80');
    const follower = discover('/text');
    await follower.says('synced 1 key');
    await raw.put('/text/2', '10.0.0.2:80');
    await raw.delete('/text/1');
    await follower.says('delete /text/1');
    expect(follower.lines.map((line) => line.replace(/^\d+ /, ''))).toEqual([
      'put /text/1 10.0.0.1:80 ready',
      'synced 1 key',
      'put /text/2 10.0.0.2:80 ready',
      'delete /text/1',
    ]);
  });

  it('says on a line which levels of a tree have changed', async () => {
    const raw = rawEtcd(endpoint());
    await raw.put('/levels/web/1', '10.0.0.1:80');
    const follower = discover('/levels', '--tree');
    await follower.says('synced 1 key');
    await raw.put('/levels/web/2', 'nothing');
    await follower.says('level /levels/web/2 down 0/1');
    await follower.says('level /levels/ partly up 1/2');
    await raw.delete('/levels/web/2');
    await follower.says('level /levels/web/2 gone');
  });

  it('says on stderr that etcd is away and that it is back, and goes on', async () => {
    const raw = rawEtcd(endpoint());
    const proxy = await proxyFor(endpoint());
    proxy.refuse();
    const follower = runCommand(['discover', '--etcd', `http://${proxy.address}`, '/away', '--output=json']);
    await follower.says('etcd cannot be read, trying on: etcd 127.0.0.1');
    expect(follower.stdout).toBe('');
    proxy.heal();
    await follower.says('etcd is read again');
    await raw.put('/away/1', '10.0.0.1:80');
    await follower.says('/away/1');
    expect(events(follower.lines).map(({ type }) => type)).toEqual(['synced', 'put']);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends with 0 by %s, also while etcd is away',
    async (signal) => {
      const follower = runCommand(['discover', '--etcd', nowhere, '/x']);
      await follower.says('trying on');
      expect(await follower.stop(signal)).toMatchObject({ code: 0, signal: null });
    },
  );

  it('ends quietly when its reader has seen enough', async () => {
    const raw = rawEtcd(endpoint());
    await raw.put('/head/1', '10.0.0.1:80');
    const child = spawn(process.execPath, [bin, 'discover', '--etcd', endpoint(), '/head'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      stderr += part;
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    await raw.put('/head/2', '10.0.0.2:80');
    const [code] = await once(child, 'close');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
