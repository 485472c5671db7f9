import { describe, expect, it, onTestFinished } from 'vitest';
import { startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { MountedSecret } from '../kit/mounted-secret.ts';
import { command } from './command.ts';
import { registerRig } from './register-rig.ts';
import { runCommand } from './running-command.ts';

const { etcd, register, look, untilThere, timeToLive } = registerRig();

describe('bad input', () => {
  it.each([
    [['--key=/bad/{zone}', '--value=v'], '--key /bad/{zone}: {zone} is unknown'],
    [['--key=/bad', '--value={env.NONE}'], '--value: {env.NONE} is not set in the environment'],
    [['--key=/bad'], '--address or --interface is needed'],
    [['--key=/bad', '--address=127.0.0.1'], '--address "127.0.0.1": 127.0.0.1 is a loopback address'],
    [['--key=/bad', '--interface=none9'], '--interface "none9": there is none of this name'],
    [['--key=/bad', '--value=v', '--ttl=0'], '--ttl "0": expected a whole number from 1 to 9000000000'],
    [['--key=/bad', '--value=v', '--ttl=-1'], '--ttl "-1"'],
    [['--key=/bad', '--value=v', '--ttl=2.5'], '--ttl "2.5"'],
    [['--key=/bad', '--value=v', '--ttl=9000000001'], '--ttl "9000000001"'],
    [['--key=/bad', '--value=v', '--check=web'], '--check "web": expected http://host:port/path'],
    [['--key=/bad', '--value={', '--format=json'], '--value: it is no JSON'],
    [['--address=10.0.0.5'], '--key is needed (or ETCD_ENDPOINTS_KEY), or --prefix'],
    [['--key=/bad', '--format=grpc'], '--format grpc makes the key too: give --prefix instead of --key'],
    [
      ['--prefix=/bad', '--address=10.0.0.5', '--format=patroni'],
      '--format patroni: Patroni itself announces',
    ],
  ])('%j is refused by its option, and nothing is left in etcd', async (args, message) => {
    const { code, stdout, stderr } = await register(...args).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(await etcd.etcdctl(['get', '--prefix', '/bad', '--keys-only'])).toBe('');
  });

  it('takes the largest TTL that etcd grants', async () => {
    const registered = register('--key=/long', '--value=10.0.0.5:80', '--ttl=9000000000');
    const { lease } = await untilThere('/long', '10.0.0.5:80');
    expect((await timeToLive(lease)).granted).toBe(9_000_000_000);
    expect(await registered.stop()).toMatchObject({ code: 0, stderr: '' });
  });

  it('goes on under another password in its file, on the same lease', async () => {
    const user = { name: 'writer', password: 'first-secret', prefix: '/rw/', access: 'readwrite' as const };
    const guarded = await startEtcd({ auth: { rootPassword: 'root-password', users: [user] } });
    onTestFinished(() => guarded.stop());
    const mounted = await MountedSecret.create({ password: 'first-secret' });
    const args = [
      '--etcd-user=writer',
      `--etcd-password-file=${mounted.file('password')}`,
      '--key=/rw/a',
      '--value=x',
    ];
    const registering = runCommand(['register', '--etcd', guarded.endpoints[0] ?? '', ...args]);
    await registering.says('registered /rw/a');
    const before = await look('/rw/a', guarded);
    await mounted.change({ password: 'second-secret' });
    await registering.says('The changed files with credentials for etcd cannot be used');
    await guarded.etcdctl(['user', 'delete', 'writer']);
    await guarded.etcdctl(['user', 'add', 'writer:second-secret']);
    await guarded.etcdctl(['user', 'grant-role', 'writer', 'writer']);
    await registering.says('The changed files with credentials for etcd are in use');
    await guarded.etcdctl(['del', '/rw/a']);
    await eventually(async () => expect(await look('/rw/a', guarded)).toEqual(before));
    expect(registering.stderr + registering.stdout).not.toMatch(/first-secret|second-secret/);
  });

  it('names the user who may only read, and registers when that is mended', async () => {
    const users = [{ name: 'reader', password: 'reader-password', prefix: '/ro/', access: 'read' as const }];
    const guarded = await startEtcd({ auth: { rootPassword: 'root-password', users } });
    try {
      const env = { ETCD_ENDPOINTS_ETCD_PASSWORD: 'reader-password' };
      const args = ['register', '--etcd', guarded.endpoints[0] ?? '', '--etcd-user=reader', '--key=/ro/k'];
      const once = await command([...args, '--value=10.0.0.5:80', '--once', '--timeout=4s'], { env });
      expect(once.code).toBe(1);
      expect(once.stderr).toContain('--etcd-user reader may not read and write --key /ro/k');
      expect(await guarded.etcdctl(['lease', 'list'])).toBe('found 0 leases\n');
      const kept = runCommand([...args, '--value=10.0.0.5:80'], { env });
      await kept.says('--etcd-user reader may not read and write --key /ro/k');
      await guarded.etcdctl(['role', 'grant-permission', '--prefix=true', 'reader', 'readwrite', '/ro/']);
      await kept.says('registered /ro/k');
    } finally {
      await guarded.stop();
    }
  });
});
