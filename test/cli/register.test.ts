import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { formatNames } from '../../src/formats/formats.ts';
import { startEtcd } from '../kit/etcd-process.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { proxyFor, rawEtcd } from '../kit/rig.ts';
import { command } from './command.ts';
import { quick, registerRig, service } from './register-rig.ts';
import { runCommand } from './running-command.ts';

const { etcd, endpoint, register, look, untilThere, untilGone, grant, timeToLive } = registerRig();

/** Formats that a registrar can write. */
const writable = formatNames.filter((name) => !['apisix', 'auto', 'patroni', 'registrator'].includes(name));

const nowhere = 'http://127.0.0.1:1';

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
