import { status } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { putRpc } from '../../src/etcd/client/rpc.ts';
import { onEachEtcd } from '../kit/each-etcd.ts';
import { startEtcd, type TestEtcdOptions } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { measured, measuredVerdict } from '../kit/measured.ts';
import { judge } from '../kit/recorder.ts';
import { hastyClock, proxyFor, rawEtcd, startRig, startScripted } from '../kit/rig.ts';
import { type ScriptedEtcd, ScriptedFailure } from '../kit/scripted-etcd.ts';

const password = 'not-for-any-log';
const user = { name: 'reader', password };

const invalidToken = 'etcdserver: invalid auth token';
const oldRevision = 'etcdserver: revision of auth store is old';
const permissionDenied = 'etcdserver: permission denied';

/** Users, tokens and permissions, by a scripted server that counts: fault 8 and 9. */
describe('tokens and permissions, scripted', () => {
  it.each([
    { refusal: permissionDenied, code: 'PermissionDenied', replyId: 'its own id' },
    { refusal: permissionDenied, code: 'PermissionDenied', replyId: '-1' },
  ])(
    'fault 8: one of three watches refused ($code, under $replyId) keeps none of the others waiting',
    async (refused) => {
      const etcd = await startScripted();
      let denied = true;
      etcd.script.watch = (create, stream) => {
        if (denied && create.key.toString().startsWith('b/')) {
          stream.send({
            watch_id: refused.replyId === '-1' ? '-1' : create.watch_id,
            created: true,
            canceled: true,
            cancel_reason: `rpc error: code = ${refused.code} desc = ${refused.refusal}`,
          });
        } else {
          etcd.serveWatch(create, stream);
        }
      };
      const { record, seen } = startRig([etcd.address]);
      const [a, b, c] = await Promise.all([record('a/'), record('b/'), record('c/')]);

      await eventually(() =>
        expect(b.mirrored.failure?.error).toMatchObject({ code: 'ETCD_PERMISSION_DENIED' }),
      );
      etcd.commit({ key: 'a/x', value: 'v' }, { key: 'b/x', value: 'v' }, { key: 'c/x', value: 'v' });
      await eventually(() => expect([...a.told.keys(), ...c.told.keys()]).toEqual(['a/x', 'c/x']));
      const failing = [a, c].filter(({ mirrored }) => mirrored.failure !== undefined);
      measured('other watches held up', failing.length, { most: 0 });

      denied = false;
      await eventually(() => expect([...b.told.keys()]).toEqual(['b/x']));
      await eventually(() => expect(b.mirrored.failure).toBeUndefined());
      expect(seen.listings.filter(({ reason }) => reason === 'first')).toHaveLength(3);
    },
  );

  it.each([
    { refusal: invalidToken, replyId: '-1' },
    { refusal: invalidToken, replyId: 'its own id' },
    { refusal: oldRevision, replyId: '-1' },
  ])(
    'fault 9: after the stream is reset, "$refusal" (under $replyId) costs one authentication',
    async ({ refusal, replyId }) => {
      const { etcd, expire } = await withTokens(refusal, replyId);
      const { record, seen, logLines } = startRig([etcd.address], { user });
      const recorders = await Promise.all([record('a/'), record('b/'), record('c/')]);
      await eventually(() => expect(etcd.creates.length).toBeGreaterThanOrEqual(3));
      expect(etcd.calls.authenticate).toBe(1);

      expire();
      etcd.cutStreams();
      etcd.commit({ key: 'a/x', value: 'v' }, { key: 'b/x', value: 'v' }, { key: 'c/x', value: 'v' });

      await eventually(() =>
        expect(recorders.flatMap(({ told }) => [...told.keys()])).toEqual(['a/x', 'b/x', 'c/x']),
      );
      measured('authentications after the loss', etcd.calls.authenticate - 1, { most: 1 });
      expect(seen.listings.map(({ reason }) => reason)).toEqual(['first', 'first', 'first']);
      expect(logLines.join('\n')).not.toMatch(/not-for-any-log|secret-token/);
    },
  );

  it('fault 9: a write refused for its token was not applied, and is sent again once under a new one', async () => {
    const { etcd, expire } = await withTokens(invalidToken, '-1');
    const { client } = startRig([etcd.address], { user });
    await client.write(putRpc, { key: Buffer.from('a'), value: Buffer.from('1') });
    expire();

    await client.write(putRpc, { key: Buffer.from('a'), value: Buffer.from('2') });

    expect(etcd.calls).toMatchObject({ authenticate: 2, put: 3 });
    expect(etcd.revision).toBe(3);
  });

  it('fault 9: does not authenticate without bound when every token is refused', async () => {
    const { etcd, refuseAll } = await withTokens(invalidToken, '-1');
    refuseAll();
    const clock = hastyClock(5);
    const { mirror, follow, logLines } = startRig([etcd.address], { user, clock });
    const started = clock.monotonic();
    follow('a/');

    await eventually(() => expect(mirror.connection.error).toBeDefined());
    await eventually(() => expect(etcd.calls.range).toBeGreaterThanOrEqual(8));

    expect(clock.monotonic() - started).toBeGreaterThan(2_000);
    expect(etcd.calls.authenticate).toBeLessThanOrEqual(etcd.calls.range);
    expect(logLines.join('\n')).not.toMatch(/not-for-any-log|secret-token/);
  });

  it('authenticates once for many calls that start at the same time', async () => {
    const { etcd } = await withTokens(invalidToken, '-1');
    const { client } = startRig([etcd.address], { user });

    await Promise.all(
      Array.from({ length: 20 }, () =>
        client.write(putRpc, { key: Buffer.from('a'), value: Buffer.from('v') }),
      ),
    );

    expect(etcd.calls.authenticate).toBe(1);
  });

  /** A server that takes only the newest token, and refuses others as that reason and reply id say. */
  async function withTokens(refusal: string, replyId: string) {
    const etcd = await startScripted();
    let generation = 1;
    const valid = (token: string | undefined): boolean => token === `secret-token-${generation}`;
    const refuse = (token: string | undefined): void => {
      if (!valid(token)) {
        const code = refusal === oldRevision ? status.INVALID_ARGUMENT : status.UNAUTHENTICATED;
        throw new ScriptedFailure(code, refusal);
      }
    };
    etcd.script.authenticate = () => ({ token: `secret-token-${generation}` });
    etcd.script.range = (request, token) => {
      refuse(token);
      return etcd.answerRange(request);
    };
    etcd.script.put = ({ key, value }, token) => {
      refuse(token);
      etcd.commit({ key: key.toString(), value: value.toString() });
      return { header: etcd.header() };
    };
    etcd.script.watch = (create, stream) => {
      if (valid(stream.token)) {
        etcd.serveWatch(create, stream);
      } else {
        stream.send({
          watch_id: replyId === '-1' ? '-1' : create.watch_id,
          created: true,
          canceled: true,
          cancel_reason: `rpc error: code = Unauthenticated desc = ${refusal}`,
        });
      }
    };
    const expire = (): void => {
      generation += 1;
    };
    return { etcd, expire, refuseAll: () => refuseEverything(etcd) };
  }

  function refuseEverything(etcd: ScriptedEtcd): void {
    etcd.script.range = () => {
      throw new ScriptedFailure(status.UNAUTHENTICATED, invalidToken);
    };
  }
});

onEachEtcd('tokens and permissions', (options) => {
  it('fault 9: goes on after its token has expired while idle and the stream is reset', async () => {
    const { etcd, raw, proxy, rig } = await secured({ token: 'jwt', tokenTtlSeconds: 2 });
    const recorder = await rig.record('app/');
    await raw.logIn('root', 'root-password');
    const before = await raw.revision();
    const older = rawEtcd(etcd.endpoints[0] ?? '');
    await older.logIn('root', 'root-password');
    await eventually(() => expect(older.content()).rejects.toThrow(invalidToken));

    proxy.cut();
    await raw.logIn('root', 'root-password');
    await raw.put('app/x', 'v');

    await eventually(() => expect(recorder.changes).toHaveLength(1));
    await raw.logIn('root', 'root-password');
    measuredVerdict(await judge(recorder, raw, before + 1));
    expect(rig.seen.listings.map(({ reason }) => reason)).toEqual(['first']);
    expect(rig.logLines.join('\n')).not.toContain(password);
  });

  it.each(['simple', 'jwt'] as const)(
    'fault 9: goes on after users have been changed (%s tokens)',
    async (token) => {
      const { etcd, raw, proxy, rig } = await secured({ token });
      const recorder = await rig.record('app/');
      const before = await raw.revision();
      await etcd.etcdctl(['user', 'add', 'another:password']);

      proxy.cut();
      await raw.logIn('root', 'root-password');
      await raw.put('app/x', 'v');

      await eventually(() => expect(recorder.changes).toHaveLength(1));
      measuredVerdict(await judge(recorder, raw, before + 1));
      expect(rig.logLines.join('\n')).not.toContain(password);
    },
  );

  it('fault 8: follows what the user may read, says what it may not, and follows that too once it is granted', async () => {
    const { etcd, raw, rig } = await secured({});
    await raw.put('denied/x', 'v');
    const allowed = await rig.record('app/');
    const denied = rig.follow('denied/');

    await eventually(() =>
      expect(denied.mirrored.failure?.error).toMatchObject({ code: 'ETCD_PERMISSION_DENIED' }),
    );
    expect(denied.synced).toBe(false);
    expect(rig.mirror.connection.connected).toBe(true);
    await raw.put('app/x', 'v');
    await eventually(() => expect(allowed.told.has('app/x')).toBe(true));

    await etcd.etcdctl(['role', 'grant-permission', '--prefix=true', 'reader', 'read', 'denied/']);

    await eventually(() => expect([...denied.told.keys()]).toEqual(['denied/x']), { timeoutMs: 20_000 });
    await eventually(() => expect(denied.mirrored.failure).toBeUndefined());
    expect(rig.logLines.join('\n')).not.toContain(password);
  });

  it('says that user or password are refused, keeps trying, and never names the password', async () => {
    const { etcd, raw } = await secured({});
    const rig = startRig(etcd.endpoints, { user: { name: 'reader', password: 'wrong-and-not-for-any-log' } });
    const recorder = rig.follow('app/');

    await eventually(() => expect(rig.mirror.connection.error).toMatchObject({ code: 'ETCD_AUTH_FAILED' }));
    expect(rig.mirror.connection.connected).toBe(false);
    expect(recorder.synced).toBe(false);
    const said = [...rig.logLines, String(rig.mirror.connection.error?.message)].join('\n');
    expect(said).not.toContain('not-for-any-log');

    await raw.auth('UserChangePassword', { name: 'reader', password: 'wrong-and-not-for-any-log' });
    await eventually(() => expect(recorder.synced).toBe(true), { timeoutMs: 20_000 });
  });

  /** An etcd with authentication, and a mirror of its user `reader` behind a proxy. */
  async function secured(tokens: Pick<NonNullable<TestEtcdOptions['auth']>, 'token' | 'tokenTtlSeconds'>) {
    const etcd = await startEtcd({
      ...options,
      auth: {
        rootPassword: 'root-password',
        users: [{ ...user, prefix: 'app/', access: 'readwrite' }],
        ...tokens,
      },
    });
    onTestFinished(() => etcd.stop());
    const raw = rawEtcd(etcd.endpoints[0] ?? '');
    await raw.logIn('root', 'root-password');
    const proxy = await proxyFor(etcd.endpoints[0] ?? '');
    return { etcd, raw, proxy, rig: startRig([proxy.address], { user }) };
  }
});
