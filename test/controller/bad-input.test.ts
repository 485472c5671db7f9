import { beforeAll, describe, expect, it } from 'vitest';
import { publishedResources, publishingWrites, writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import { type Scene, startScene } from '../kit/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene({ etcd: { flags: { 'max-request-bytes': '4194304' } } });
  return () => scene.stop();
});

interface BadRegistration {
  readonly what: string;
  /** Below the prefix, one char per byte. */
  readonly key?: string;
  readonly value: string | Buffer;
  readonly reason: string;
}

const bad: readonly BadRegistration[] = [
  { what: 'a value of 1.5 MiB', value: '1'.repeat(1.5 * 1024 * 1024), reason: 'ValueTooLarge' },
  { what: 'a binary key', key: '\xff\x00\xfe', value: '10.0.0.2:80', reason: 'InvalidEncoding' },
  { what: 'invalid UTF-8', value: Buffer.from([0x31, 0xff, 0xfe]), reason: 'InvalidEncoding' },
  {
    what: 'lists nested 10 000 deep',
    value: `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
    reason: 'InvalidSyntax',
  },
  {
    what: 'objects nested 10 000 deep',
    value: `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
    reason: 'NoAddress',
  },
  { what: 'JSON that is cut off', value: '{"ip":"10.0.0.2"', reason: 'InvalidSyntax' },
  { what: 'a loopback address', value: '127.0.0.1:80', reason: 'InvalidAddress' },
  { what: 'the loopback address of IPv6', value: '[::1]:80', reason: 'InvalidAddress' },
  { what: 'a link-local address', value: '169.254.0.1:80', reason: 'InvalidAddress' },
  { what: 'a link-local address of IPv6', value: '[fe80::1]:80', reason: 'InvalidAddress' },
  { what: 'the unspecified address', value: '0.0.0.0:80', reason: 'InvalidAddress' },
  { what: 'the unspecified address of IPv6', value: '[::]:80', reason: 'InvalidAddress' },
  { what: 'an IPv4-mapped address', value: '[::ffff:10.0.0.2]:80', reason: 'InvalidAddress' },
  { what: 'an address with a leading zero', value: '010.0.0.1:80', reason: 'InvalidAddress' },
  { what: 'a DNS name', value: 'vm-1.example.com:80', reason: 'HostName' },
  { what: 'port 0', value: '10.0.0.2:0', reason: 'InvalidPort' },
  { what: 'port 65536', value: '10.0.0.2:65536', reason: 'InvalidPort' },
  { what: 'port -1', value: '10.0.0.2:-1', reason: 'InvalidPort' },
  { what: 'port 80x', value: '10.0.0.2:80x', reason: 'InvalidPort' },
  { what: 'port 80x as JSON', value: '{"ip":"10.0.0.2","port":"80x"}', reason: 'InvalidPort' },
  { what: 'no port anywhere', value: '10.0.0.2', reason: 'NoPort' },
];

/** Returns once so many registrations of an EtcdService have been told of as rejected. */
async function untilRejected(name: string, count: number): Promise<void> {
  const told = { etcdService: `${scene.namespace}/${name}`, msg: 'Rejected registration' };
  await eventually(() => expect(scene.controller.linesWith(told)).toHaveLength(count));
}

describe('a registration that cannot be published', () => {
  it.each(bad.map((one, index) => ({ ...one, name: `bad-${index}` })))(
    'is counted, named and told of, and disturbs no neighbour: $what',
    async ({ name, key = 'x', value, reason }) => {
      await scene.registrar.put({ [`/services/${name}/${key}`]: value });
      await scene.defineWith(name, ['10.0.0.1:80']);
      expect(await scene.published(name)).toEqual(['10.0.0.1:80']);
      const status = await scene.status(name);
      expect(status.instances).toMatchObject({ keys: 2, ready: 1, rejected: 1 });
      expect(status.rejected).toMatchObject([{ key: expect.stringContaining(`/services/${name}/`), reason }]);
      const event = await scene.untilEvent(name, 'Warning RegistrationsRejected 1 registration rejected');
      expect(event).toContain(reason);
      await scene.controller.untilLine({ etcdService: `${scene.namespace}/${name}`, reason, level: 'warn' });
    },
  );

  it('is named for at most five of many, the first by their keys, and counted for all', async () => {
    await scene.defineWith('many', ['10.0.0.1:80', ...Array.from({ length: 8 }, () => 'vm-1')]);
    const { instances, rejected } = await scene.status('many');
    expect(instances).toMatchObject({ keys: 9, ready: 1, rejected: 8 });
    expect(rejected.map(({ key }: { key: string }) => key)).toEqual(
      [2, 3, 4, 5, 6].map((n) => `/services/many/${n}`),
    );
    await eventually(async () =>
      expect(
        await scene.controller.metric('etcd_endpoints_registrations_rejected', { reason: 'HostName' }),
      ).toBeGreaterThanOrEqual(8),
    );
  });

  it('counts apart where two keys announce the same address and port', async () => {
    await scene.defineWith('twins', ['10.0.0.1:80', '10.0.0.1:80', '10.0.0.1:81']);
    expect(await scene.published('twins')).toEqual(['10.0.0.1:80', '10.0.0.1:81']);
    expect((await scene.status('twins')).instances).toMatchObject({
      keys: 3,
      ready: 2,
      duplicate: 1,
      rejected: 0,
    });
    // The twin that was counted goes, the other stays.
    await scene.registrar.delete('/services/twins/1');
    await scene.registrar.put({ '/services/twins/4': '10.0.0.4:80' });
    await scene.untilPublished('twins', ['10.0.0.1:80', '10.0.0.1:81', '10.0.0.4:80']);
  });
});

describe('a good registration that turns bad', () => {
  const instances = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];

  it('stays published as it was good last, until it is good again or gone', async () => {
    await scene.defineWith('turning', instances);
    await scene.registrar.put({ '/services/turning/1': 'broken', '/services/turning/2': '127.0.0.1:80' });
    await untilRejected('turning', 2);
    expect(await scene.published('turning')).toEqual(instances);
    await scene.registrar.put({ '/services/turning/1': '10.0.0.9:80' });
    await scene.untilPublished('turning', ['10.0.0.2:80', '10.0.0.3:80', '10.0.0.9:80']);
    await scene.registrar.delete('/services/turning/2');
    await scene.untilPublished('turning', ['10.0.0.3:80', '10.0.0.9:80']);
  });

  it('stays also when the controller is killed and starts again, without a write', async () => {
    await scene.defineWith('killed', instances);
    await scene.registrar.put({ '/services/killed/1': 'broken' });
    await scene.registrar.put({ '/services/killed/1': 'broken again' });
    await untilRejected('killed', 1);
    await scene.restartController();
    await scene.registrar.put({ '/services/killed/4': '10.0.0.4:80' });
    await scene.untilPublished('killed', [...instances, '10.0.0.4:80']);
    expect(publishingWrites(await writesOf(scene.controller))).toEqual(
      publishedResources().map((resource) => `update ${resource} killed`),
    );
  });

  it('stays when it turns bad while there is no controller', async () => {
    await scene.defineWith('unseen', instances);
    await scene.restartController(async () => {
      await scene.registrar.put({ '/services/unseen/1': 'broken', '/services/unseen/2': '10.0.0.8:80' });
    });
    await scene.untilPublished('unseen', ['10.0.0.1:80', '10.0.0.3:80', '10.0.0.8:80']);
    await scene.untilCounted('unseen', { keys: 3, ready: 2, rejected: 1 });
  });

  it('stands in also where the EtcdService comes to its prefix later', async () => {
    await scene.defineWith('moving', ['10.0.0.1:80']);
    await scene.registrar.put({ '/services/moved/1': '10.0.1.1:80', '/services/moved/2': '10.0.1.2:80' });
    await scene.registrar.put({ '/services/moved/1': 'broken' });
    await scene.redefine('moving', { prefix: '/services/moved' });
    await scene.untilPublished('moving', ['10.0.1.1:80', '10.0.1.2:80']);
  });

  it('is made up for by an endpoint that nothing explains where etcd has forgotten what it was', async () => {
    await scene.defineWith('forgotten', [...instances, '10.0.0.4:80']);
    await scene.restartController(async () => {
      await scene.registrar.put({ '/services/forgotten/1': 'broken', '/services/forgotten/2': 'broken' });
      await scene.registrar.delete('/services/forgotten/3');
      await scene.registrar.etcd.compact(await scene.registrar.etcd.revision());
    });
    // 4 is good; of the three that nobody explains as many stay as there are keys that cannot be read.
    await eventually(async () => expect(await scene.published('forgotten')).toHaveLength(3));
    await scene.untilCounted('forgotten', { keys: 3, ready: 1, rejected: 2 });
    expect(await scene.published('forgotten')).toContain('10.0.0.4:80');
    await scene.registrar.delete('/services/forgotten/1', '/services/forgotten/2');
    await scene.untilPublished('forgotten', ['10.0.0.4:80']);
  });
});

describe('a secret in values', () => {
  it('appears in no status, object, Event, log line or metric', async () => {
    const secret = 'hunter2';
    const values = [
      secret,
      `${secret}.example.com:80`,
      `10.0.0.2:${secret}`,
      `postgres://admin:${secret}@10.0.0.2:5432`,
      `{"password":"${secret}"`,
      `{"password":"${secret}"}`,
      `{"ip":"${secret}","port":1}`,
      `{"ip":"10.0.0.2","port":"${secret}"}`,
      `{"${secret}":1}`,
      `["${secret}"]`,
      `"${secret}"`,
      `[${secret}]:80`,
      `{"ip":"10.0.0.2","port":80,"metadata":{"token":"${secret}"}}`,
      Buffer.concat([Buffer.from(secret), Buffer.from([0xff])]),
      secret.repeat(60_000),
    ];
    const names = values.map((_, index) => `secret-${index}`);
    for (const [index, name] of names.entries()) {
      await scene.registrar.put({ [`/services/${name}/1`]: '10.0.0.1:80' });
      await scene.registrar.put({ [`/services/${name}/2`]: values[index] ?? '' });
      await scene.define(name, { format: index % 2 === 0 ? 'auto' : 'plain' });
    }
    await Promise.all(names.map((name) => scene.untilReady(name)));
    await scene.untilEvent('secret-14', 'Warning RegistrationsRejected');
    await scene.controller.stop();
    await scene.startController(['--log-level=debug']);
    await scene.registrar.put(
      Object.fromEntries(names.map((name) => [`/services/${name}/3`, '10.0.0.3:80'])),
    );
    for (const name of names) {
      await eventually(async () => expect(await scene.published(name)).toContain('10.0.0.3:80'));
    }
    await scene.controller.untilIdle();
    const kinds = ['etcdservices', 'services', 'endpoints', 'events'];
    const objects = await Promise.all(kinds.map((plural) => scene.objects.list(plural)));
    const { text: metrics } = await scene.controller.http('/metrics');
    for (const text of [JSON.stringify(objects), scene.controller.output, metrics]) {
      expect(text.length).toBeGreaterThan(1000);
      expect(text).not.toContain(secret);
    }
  });
});

describe('a key', () => {
  it('is shown escaped and cut, whatever it holds', async () => {
    const key = `/services/odd/\x1b[31m\n\u0000${'k'.repeat(1000)}`;
    await scene.registrar.put({ [key]: 'vm-1' });
    await scene.define('odd');
    await scene.untilCounted('odd', { rejected: 1 });
    const shown: string = (await scene.status('odd')).rejected[0].key;
    expect(shown).toMatch(/^\/services\/odd\//);
    expect(Buffer.byteLength(shown)).toBeLessThan(400);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is what is tested.
    expect(shown).not.toMatch(/[\u0000-\u001f]/);
  });
});

describe('prefixes that may not be read', () => {
  it('are refused without being listed: the root of all keys', async () => {
    const lists = await scene.controller.metric('etcd_endpoints_registry_lists_total');
    await scene.define('root', { prefix: '/' });
    expect(await scene.untilReady('root', 'False/PrefixNotAllowed')).toContain('--allowed-prefix');
    await scene.define('every', { prefix: 'a', separator: '' });
    await scene.untilReady('every');
    expect(await scene.controller.metric('etcd_endpoints_registry_lists_total')).toBe(lists + 1);
    expect(await scene.objects.get('services', 'root')).toBeUndefined();
  });

  it('are those of other namespaces once any is listed', async () => {
    await scene.registrar.put({ '/services/mine/1': '10.0.0.1:80' });
    await scene.controller.stop();
    await scene.startController([
      `--allowed-prefix=${scene.namespace}=/services/mine`,
      '--allowed-prefix=elsewhere=/services',
    ]);
    await scene.define('mine');
    await scene.untilPublished('mine', ['10.0.0.1:80']);
    await scene.define('mine-too');
    expect(await scene.untilReady('mine-too', 'False/PrefixNotAllowed')).toContain('/services/mine-too');
    await scene.untilEvent('mine-too', 'Warning PrefixNotAllowed');
    expect(await scene.objects.get('services', 'mine-too')).toBeUndefined();
  });
});

describe('a namespace that is being deleted', () => {
  it('gets nothing new, keeps what it has up to date, and is not hammered with writes', async () => {
    const own = await startScene();
    try {
      await own.defineWith('old', ['10.0.0.1:80']);
      await own.define('late', { mode: 'Paused' });
      await own.untilReady('late', 'Unknown/Paused');
      await own.objects.call('DELETE', `/api/v1/namespaces/${own.namespace}`);
      await own.redefine('late', { mode: 'Publish' });
      await own.registrar.put({ '/services/late/1': '10.0.0.1:80', '/services/old/2': '10.0.0.2:80' });
      await own.untilPublished('old', ['10.0.0.1:80', '10.0.0.2:80']);
      await eventually(async () =>
        expect(await writesOf(own.controller)).toContainEqual(
          expect.objectContaining({ resource: 'services', name: 'late', code: 403 }),
        ),
      );
      await own.controller.untilIdle();
      expect(await own.objects.get('services', 'late')).toBeUndefined();
      const refused = (await writesOf(own.controller)).filter(({ code }) => code === 403);
      expect(refused.length).toBeLessThanOrEqual(3);
      expect(own.controller.running).toBe(true);
    } finally {
      await own.stop();
    }
  });
});
