import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { formatNames } from '../../src/formats/formats.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { MountedSecret } from '../kit/mounted-secret.ts';
import { proxyFor, rawEtcd } from '../kit/rig.ts';
import { command } from './command.ts';
import { type RunningCommand, runCommand } from './running-command.ts';

let etcd: RegistryEtcd;
const endpoint = (): string => etcd.endpoints[0] ?? '';

beforeAll(async () => {
  etcd = await startEtcd();
});
afterAll(() => etcd.stop());

/** Formats that a registrar can write. */
const writable = formatNames.filter((name) => !['apisix', 'auto', 'patroni', 'registrator'].includes(name));

const nowhere = 'http://127.0.0.1:1';

function register(...args: readonly string[]): RunningCommand {
  return runCommand(['register', '--etcd', endpoint(), ...args]);
}

/** What etcdctl shows of a key. */
interface Seen {
  readonly value: string;
  /** As etcdctl prints it in other places; zeros without a lease. */
  readonly lease: string;
}

/** The key as etcdctl shows it; undefined where it is not there. */
async function look(key: string, registry = etcd): Promise<Seen | undefined> {
  const json = await registry.etcdctl(['get', key, '-w', 'json']);
  // Lease ids are beyond what a number holds.
  const { kvs = [] } = JSON.parse(json.replace(/"lease":(\d+)/g, '"lease":"$1"'));
  const [found] = kvs;
  return found === undefined
    ? undefined
    : {
        value: text(found.value),
        lease: BigInt(found.lease ?? 0)
          .toString(16)
          .padStart(16, '0'),
      };
}

/** etcdctl leaves empty values out. */
function text(base64 = ''): string {
  return Buffer.from(base64, 'base64').toString();
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function untilThere(key: string, value: string): Promise<Seen> {
  return await eventually(async () => {
    const seen = await look(key);
    expect(seen?.value).toBe(value);
    return seen as Seen;
  });
}

async function untilGone(key: string): Promise<void> {
  await eventually(async () => expect(await look(key)).toBeUndefined());
}

async function grant(seconds: number): Promise<string> {
  const [, lease = ''] =
    /lease (\w+) granted/.exec(await etcd.etcdctl(['lease', 'grant', `${seconds}`])) ?? [];
  return lease;
}

async function timeToLive(lease: string, registry = etcd): Promise<{ ttl: number; granted: number }> {
  const { ttl, 'granted-ttl': granted } = JSON.parse(
    await registry.etcdctl(['lease', 'timetolive', lease, '-w', 'json']),
  );
  return { ttl, granted };
}

/** A web server whose health a test decides. */
async function service(): Promise<{ url: string; status: number | 'hangs'; asked: number }> {
  const state: { url: string; status: number | 'hangs'; asked: number } = { url: '', status: 503, asked: 0 };
  const server = createServer((_, response: ServerResponse) => {
    state.asked += 1;
    if (state.status !== 'hangs') {
      response.writeHead(state.status).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return state;
}

const quick = ['--check-interval=100ms', '--check-failures=2'];

describe('register', () => {
  it('keeps what its templates say under a lease of the TTL', async () => {
    const registered = register('--key=/basic/{hostname}', '--address=10.0.0.5', '--port=8080', '--ttl=30');
    const key = `/basic/${hostname()}`;
    await registered.says(`registered ${key}`);
    const { value, lease } = await untilThere(key, '10.0.0.5:8080');
    expect(value).toBe('10.0.0.5:8080');
    expect((await timeToLive(lease)).granted).toBe(30);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'case 9: revokes on %s, so that the key is gone within one second',
    async (signal) => {
      const raw = rawEtcd(endpoint());
      const registered = register('--key=/case9', '--value=10.0.0.5:80');
      const { lease } = await untilThere('/case9', '10.0.0.5:80');
      const since = performance.now();
      registered.process.kill(signal);
      await eventually(async () => expect(await raw.content('/case9')).toEqual(new Map()));
      expect(performance.now() - since).toBeLessThan(1_000 + marginMs);
      expect(await registered.ended).toMatchObject({
        code: 0,
        stdout: 'registered /case9\nderegistered /case9\n',
        stderr: '',
      });
      expect((await timeToLive(lease)).ttl).toBe(-1);
    },
  );

  it('case 10: keeps the registration when any member of the cluster leaves', async () => {
    const cluster = await startEtcd({ members: 3 });
    try {
      const registered = runCommand([
        'register',
        '--etcd',
        cluster.endpoints.join(','),
        '--key=/case10',
        '--value=10.0.0.5:80',
        // Long enough for etcd to elect a leader more than once.
        '--ttl=10',
      ]);
      await registered.says('registered /case10');
      const { lease = '' } = (await look('/case10', cluster)) ?? {};
      await cluster.members[0]?.kill();
      const left = { ...cluster, etcdctl: (args: readonly string[]) => cluster.etcdctl(args, { member: 1 }) };
      let last = Number.POSITIVE_INFINITY;
      // The time that remains rises only where a keepalive has come through after the member left.
      for (let renewals = 0; renewals < 4; ) {
        const { ttl } = await eventually(() => timeToLive(lease, left));
        expect(ttl).toBeGreaterThanOrEqual(0);
        if (ttl > last) {
          renewals += 1;
        }
        last = ttl;
      }
      expect((await look('/case10', left))?.lease).toBe(lease);
      expect(registered.stdout).toBe('registered /case10\n');
    } finally {
      await cluster.stop();
    }
  });

  it('registers several keys, all on one lease, with an empty value too', async () => {
    const registered = register('--key=/pair/a', '--value={"x":[1,2]}', '--key=/pair/10.0.0.5', '--value=');
    await registered.says('registered /pair/a');
    await registered.says('registered /pair/10.0.0.5');
    const [a, b] = [await look('/pair/a'), await look('/pair/10.0.0.5')];
    expect([a?.value, b?.value]).toEqual(['{"x":[1,2]}', '']);
    expect(a?.lease).toBe(b?.lease);
    await registered.stop();
    expect([await look('/pair/a'), await look('/pair/10.0.0.5')]).toEqual([undefined, undefined]);
  });

  it.each(writable)('registers below a prefix as %s does, and discover finds it', async (format) => {
    const prefix = `/below/${format}/web`;
    const args = [
      '--prefix',
      prefix,
      '--format',
      format,
      '--id=vm-1',
      '--address=10.0.0.5',
      '--port=http=8080',
    ];
    const registered = register(...args);
    await registered.says(`registered ${prefix}/`);
    const found = await command([
      'discover',
      '--etcd',
      endpoint(),
      prefix,
      '--format',
      format,
      '--once',
      '--output=json',
    ]);
    const [put = ''] = found.stdout.split('\n');
    const [instance] = JSON.parse(put).instances;
    expect(instance).toMatchObject({ address: '10.0.0.5', ready: true });
    expect(Object.values(instance.ports)).toEqual(format === 'json' ? [] : [8080]);
    expect(await registered.stop()).toMatchObject({ code: 0, stderr: '' });
    expect(await etcd.etcdctl(['get', '--prefix', prefix, '--keys-only'])).toBe('');
  });

  it('takes its own key over at once after kill -9', async () => {
    const args = ['--key=/again', '--value=10.0.0.5:80', '--ttl=600'];
    const killed = register(...args);
    const before = await untilThere('/again', '10.0.0.5:80');
    await killed.stop('SIGKILL');
    expect((await timeToLive(before.lease)).ttl).toBeGreaterThan(0);
    const restarted = register(...args);
    await restarted.says('registered /again');
    expect((await look('/again'))?.lease).not.toBe(before.lease);
    await etcd.etcdctl(['lease', 'revoke', before.lease]);
    expect(await look('/again')).toBeDefined();
    await restarted.stop();
    await untilGone('/again');
  });

  it('waits for a live key of somebody else no longer than its lease could last, and refuses then', async () => {
    const lease = await grant(8);
    await etcd.etcdctl(['put', '--lease', lease, '/taken', 'theirs']);
    const alive = etcd.etcdctl(['lease', 'keep-alive', lease]).catch(() => undefined);
    const refused = await register('--key=/taken', '--value=10.0.0.5:80').ended;
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain(`waiting for /taken, which somebody else holds by the lease ${lease}`);
    expect(refused.stderr).toContain('the key /taken is registered by somebody else');
    expect(refused.stderr).toContain('--takeover');
    expect(await look('/taken')).toEqual({ value: 'theirs', lease });
    await etcd.etcdctl(['lease', 'revoke', lease]);
    await alive;
  });

  it('takes the key of somebody else who dies meanwhile, and any other with --takeover', async () => {
    const lease = await grant(600);
    await etcd.etcdctl(['put', '--lease', lease, '/dying', 'theirs']);
    const waiting = register('--key=/dying', '--value=10.0.0.5:80');
    await waiting.says('waiting for /dying');
    await etcd.etcdctl(['lease', 'revoke', lease]);
    await waiting.says('registered /dying');
    await etcd.etcdctl(['put', '/lasting', 'theirs']);
    const taking = register('--key=/lasting', '--value=10.0.0.5:80', '--takeover');
    await taking.says('registered /lasting');
    expect((await look('/lasting'))?.value).toBe('10.0.0.5:80');
  });

  it('registers again when somebody revokes its lease', async () => {
    const registered = register('--key=/revoked', '--value=10.0.0.5:80');
    const { lease } = await untilThere('/revoked', '10.0.0.5:80');
    await etcd.etcdctl(['lease', 'revoke', lease]);
    await registered.says('registered /revoked again');
    expect((await untilThere('/revoked', '10.0.0.5:80')).lease).not.toBe(lease);
    expect(registered.stderr).toContain('lost the lease: ');
  });

  it('waits for an etcd that is away at the start, and says so', async () => {
    const proxy = await proxyFor(endpoint());
    proxy.refuse();
    const early = runCommand([
      'register',
      '--etcd',
      `http://${proxy.address}`,
      '--key=/early',
      '--value=10.0.0.5:80',
    ]);
    await early.says(/--etcd: etcd 127.0.0.1:\d+ is not available .*; it is tried on/);
    proxy.heal();
    await early.says('registered /early');
  });

  it('says so when it must leave the key to its lease', async () => {
    const proxy = await proxyFor(endpoint());
    const args = ['--key=/left', '--value=10.0.0.5:80', '--ttl=600', '--etcd-call-timeout=1s'];
    const left = runCommand(['register', '--etcd', `http://${proxy.address}`, ...args]);
    await left.says('registered /left');
    proxy.blackhole();
    const { code, stderr } = await left.stop();
    expect(code).toBe(0);
    expect(stderr).toContain('left /left to its lease of 600 s');
    expect(await look('/left')).toBeDefined();
  });

  it('goes on when nobody reads what it says any more', async () => {
    const registered = register('--key=/unheard', '--value=10.0.0.5:80');
    const { lease } = await untilThere('/unheard', '10.0.0.5:80');
    registered.process.stdout?.destroy();
    registered.process.stderr?.destroy();
    await etcd.etcdctl(['lease', 'revoke', lease]);
    await eventually(async () => expect((await look('/unheard'))?.lease).not.toBe(lease));
    await untilThere('/unheard', '10.0.0.5:80');
    expect(await registered.stop()).toMatchObject({ code: 0 });
    await untilGone('/unheard');
  });

  it('warns of what no controller would publish, without showing it', async () => {
    const registered = register('--key=/doubtful', '--value=hunter2 is no address');
    await registered.says('the registration /doubtful is nothing to publish: InvalidSyntax');
    await registered.says('registered /doubtful');
    const { stdout, stderr } = await registered.stop();
    expect(stdout + stderr).not.toContain('hunter2');
  });
});

describe('register --check', () => {
  it('registers while the check passes, and takes it back while it fails', async () => {
    const web = await service();
    const registered = register('--key=/checked', '--value=10.0.0.5:80', '--check', web.url, ...quick);
    await registered.says('--check fails: the answer is 503');
    expect(await look('/checked')).toBeUndefined();
    web.status = 200;
    await untilThere('/checked', '10.0.0.5:80');
    web.status = 500;
    await untilGone('/checked');
    await registered.says('--check fails: the answer is 500');
    web.status = 204;
    await untilThere('/checked', '10.0.0.5:80');
    expect(registered.lines).toEqual(['registered /checked', 'deregistered /checked', 'registered /checked']);
    await registered.stop();
    await untilGone('/checked');
  });

  it('cuts a check off that hangs, naming the option, and leaves nothing in etcd', async () => {
    const web = await service();
    web.status = 'hangs';
    const registered = register(
      ...['--key=/hanging', '--value=10.0.0.5:80', '--check', web.url, '--check-timeout=300ms', ...quick],
    );
    await registered.says('--check fails: there is no answer within --check-timeout 300 ms');
    await eventually(() => expect(web.asked).toBeGreaterThan(3));
    expect(await look('/hanging')).toBeUndefined();
    expect(await registered.stop()).toMatchObject({ code: 0, stdout: '' });
  });

  it('fills the address and port in, and checks by a command too', async () => {
    const port = new URL((await service()).url).port;
    const by = (check: string, key: string): RunningCommand =>
      register(`--key=${key}`, '--value=10.0.0.5:80', '--port', port, '--check', check, ...quick);
    await by('tcp://127.0.0.1:{port}', '/by-tcp').says('registered /by-tcp');
    await by('exec test {port} -gt 0', '/by-command').says('registered /by-command');
    await by('exec exit 4', '/by-failing').says('--check fails: the command exits with 4');
    expect(await look('/by-failing')).toBeUndefined();
  });
});

describe('register --once', () => {
  const once = (...args: readonly string[]) =>
    command(['register', '--etcd', endpoint(), '--once', '--value=10.0.0.5:80', ...args]);

  it('registers, ends, and leaves the key to its lease; running it again keeps it', async () => {
    const first = await once('--key=/once', '--ttl=300');
    expect(first).toEqual({ code: 0, signal: null, stdout: 'registered /once\n', stderr: '' });
    const before = await look('/once');
    expect((await timeToLive(before?.lease ?? '')).granted).toBe(300);
    expect(await once('--key=/once', '--ttl=300')).toMatchObject({ code: 0 });
    expect((await look('/once'))?.lease).not.toBe(before?.lease);
  });

  it('registers nothing where the check fails', async () => {
    const web = await service();
    const { code, stdout, stderr } = await once('--key=/once-checked', '--check', web.url, ...quick);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Not registered: --check fails: the answer is 503');
    expect(await look('/once-checked')).toBeUndefined();
    web.status = 200;
    expect(await once('--key=/once-checked', '--check', web.url, ...quick)).toMatchObject({ code: 0 });
  });

  it('fails in bounded time where etcd is away, naming the option', async () => {
    const args = ['register', '--etcd', nowhere, '--once', '--key=/k', '--value=v', '--timeout=500ms'];
    const { code, stderr } = await command(args);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'Not registered within --timeout 500 ms: --etcd: etcd 127.0.0.1:1 is not available',
    );
  });

  it('does not take what is somebody else’s', async () => {
    await etcd.etcdctl(['put', '/once-taken', 'theirs']);
    const { code, stderr } = await once('--key=/once-taken');
    expect(code).toBe(1);
    expect(stderr).toContain('the key /once-taken is registered by somebody else');
    expect((await look('/once-taken'))?.value).toBe('theirs');
  });
});

describe('register --exec', () => {
  /** Says on SIGTERM how many keys etcd holds: the registration must be gone by then. */
  const script = (etcdctl: string, key: string, status: number): string =>
    // The signals end the sleep too, of which the shell would tell on stderr.
    `exec 2> /dev/null
     trap 'echo "stopping with $(${etcdctl} get --keys-only ${key} | wc -w) keys"; exit ${status}' TERM INT
     trap 'echo reloaded' HUP
     echo started
     while :; do sleep 0.05; done`;

  async function etcdctlCommand(): Promise<string> {
    const { servers } = await import('../kit/control-plane.ts');
    return `${servers().binaries.etcdctl} --endpoints=${endpoint()}`;
  }

  it('registers the command, passes signals on, and takes the key back before the command is stopped', async () => {
    const shell = script(await etcdctlCommand(), '/exec', 3);
    const running = register('--key=/exec', '--value=10.0.0.5:80', '--exec', '--', 'sh', '-c', shell);
    await running.says('started');
    await running.says('registered /exec');
    running.process.kill('SIGHUP');
    await running.says('reloaded');
    const { code, stdout, stderr } = await running.stop();
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'started\nreloaded\nstopping with 0 keys\n' });
    expect(stderr).toBe('etcd-endpoints: registered /exec\netcd-endpoints: deregistered /exec\n');
  });

  it('registers when the check first passes', async () => {
    const web = await service();
    const shell = script(await etcdctlCommand(), '/exec-checked', 0);
    const args = ['--key=/exec-checked', '--value=10.0.0.5:80', '--check', web.url, ...quick];
    const running = register(...args, '--exec', '--', 'sh', '-c', shell);
    await running.says('started');
    await running.says('--check fails');
    expect(await look('/exec-checked')).toBeUndefined();
    web.status = 200;
    await untilThere('/exec-checked', '10.0.0.5:80');
    expect(await running.stop('SIGINT')).toMatchObject({ code: 0 });
  });

  it('lets the command go on while it drains, which a second signal ends', async () => {
    const shell = script(await etcdctlCommand(), '/drained', 0);
    const args = ['--key=/drained', '--value=10.0.0.5:80', '--drain=1h'];
    const running = register(...args, '--exec', '--', 'sh', '-c', shell);
    await running.says('registered /drained');
    running.process.kill('SIGTERM');
    await running.says('deregistered /drained');
    running.process.kill('SIGHUP');
    await running.says('reloaded');
    expect(running.stdout).not.toContain('stopping');
    expect(await running.stop()).toMatchObject({ code: 0 });
    expect(running.stdout).toContain('stopping with 0 keys');
  });

  it.each([
    [['sh', '-c', 'exit 7'], 7],
    [['sh', '-c', 'kill -KILL $$'], 137],
    [['/nonexistent/command'], 127],
    [['/etc/passwd'], 126],
  ])('exits with the status of %j', async (words, status) => {
    const running = register('--key=/status', '--value=10.0.0.5:80', '--exec', '--', ...words);
    expect((await running.ended).code).toBe(status);
    expect(await look('/status')).toBeUndefined();
  });

  it('exits as the signal asks where the command does not catch it', async () => {
    const running = register('--key=/uncaught', '--value=10.0.0.5:80', '--exec', '--', 'sleep', '600');
    await running.says('registered /uncaught');
    expect((await running.stop()).code).toBe(128 + 15);
  });

  it('passes signals on to all that the command has started', async () => {
    const shell = 'sleep 600 & echo "child $!"; wait $!; sleep 600';
    const running = register('--key=/group', '--value=10.0.0.5:80', '--exec', '--', 'sh', '-c', shell);
    await running.says(/child \d+/);
    await running.says('registered /group');
    const child = Number(/child (\d+)/.exec(running.stdout)?.[1]);
    expect((await running.stop()).code).toBe(128 + 15);
    await eventually(() => expect(isRunning(child)).toBe(false));
  });

  it('stops the command where its registration is refused', async () => {
    await etcd.etcdctl(['put', '/exec-taken', 'theirs']);
    const running = register('--key=/exec-taken', '--value=10.0.0.5:80', '--exec', '--', 'sleep', '600');
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/the key \/exec-taken is registered by somebody else.*The command is stopped/);
  });

  it.each([
    [['--exec'], '--exec needs a command after --'],
    [['--', 'true'], 'Unknown argument "true" after --: a command needs --exec before it'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await register('--key=/k', '--value=v', ...args).ended;
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

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
