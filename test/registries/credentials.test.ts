import { credentials as grpc } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { EtcdRegistryInput } from '../../src/api/etcd-registry.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { RawEtcd } from '../kit/raw-etcd.ts';
import { Authority, type Pair } from '../kit/registry-certificates.ts';
import { type RegistryPlane, startRegistryPlane } from '../kit/registry-plane.ts';

/** No password of this file is without this; every key is in PEM. Nothing that the controller says may hold either. */
const secretMark = 'open-sesame';
const root = `root-${secretMark}`;
const passwords = [`first-${secretMark}`, `second-${secretMark}`] as const;

let plane: RegistryPlane;
/** With users, without TLS. */
let guarded: RegistryEtcd;

beforeAll(async () => {
  [plane, guarded] = await Promise.all([
    startRegistryPlane(),
    startEtcd({
      auth: {
        rootPassword: root,
        users: [
          { name: 'reader', password: passwords[0], prefix: '/half/a/', access: 'read' },
          { name: 'rotated', password: passwords[0], prefix: '/rotated/', access: 'read' },
        ],
      },
    }),
  ]);
  return async () => {
    await Promise.all([plane.stop(), guarded.stop()]);
  };
}, 120_000);

let count = 0;

/** A name for a registry and its Secret that no other test has. */
function newName(): string {
  count += 1;
  return `company-${count}`;
}

async function create(name: string, spec: Partial<EtcdRegistryInput> = {}): Promise<void> {
  const grants = [{ namespaces: { selector: {} }, prefixes: ['/'] }];
  await plane.registries.create(name, { endpoints: [...guarded.endpoints], grants, ...spec });
}

const untilConnectedIs = (name: string, wanted: string): Promise<string> =>
  plane.registries.untilCondition(name, 'Connected', wanted);

const login = (name: string): Partial<EtcdRegistryInput> => ({ userSecretRef: { name } });
const user = (username: string, password: string) => ({ username, password });
const tlsOf = (name: string): Partial<EtcdRegistryInput> => ({
  tls: { caSecretRef: { name }, certificateSecretRef: { name } },
});
const tlsData = (authority: Authority, { certPem, keyPem }: Pair) => ({
  'ca.crt': authority.caPem,
  'tls.crt': certPem,
  'tls.key': keyPem,
});

describe('the condition Connected', () => {
  it('names a Secret that is absent, then lacks its label, then a key, until all is well', async () => {
    const name = newName();
    await create(name, login(name));
    expect(await untilConnectedIs(name, 'False/SecretNotFound')).toBe(
      `There is no Secret ${name} in namespace ${plane.own.namespace}; create it with the label etcd-endpoints.io/registry=${name}`,
    );
    await plane.registries.createSecret(name, undefined, user('reader', passwords[0]));
    await eventually(
      async () => expect(await untilConnectedIs(name, 'False/SecretNotLabelled')).toContain(name),
      { timeoutMs: 20_000 },
    );
    await plane.registries.changeSecret(name, user('reader', passwords[0]), 'another');
    await untilConnectedIs(name, 'False/SecretNotLabelled');
    await plane.registries.changeSecret(name, { username: 'reader', Password: passwords[0] }, name);
    expect(await untilConnectedIs(name, 'False/SecretIncomplete')).toBe(`Secret ${name} has no password`);
    await plane.registries.changeSecret(name, user('reader', passwords[0]));
    await plane.registries.untilConnected(name);
  });

  it('comes with the version of etcd, also of one that tells it to root alone', async () => {
    const name = newName();
    await plane.registries.createSecret(name, name, user('reader', passwords[0]));
    await create(name, login(name));
    await plane.registries.untilConnected(name);
    await eventually(async () => {
      expect((await plane.registries.get(name)).status.clusterVersion).toBe(guarded.version);
    });
  });

  it('names a wrong password, and is told of the right one without a word about either', async () => {
    const name = newName();
    await plane.registries.createSecret(name, name, user('reader', `wrong-${secretMark}`));
    await create(name, login(name));
    expect(await untilConnectedIs(name, 'False/AuthenticationFailed')).toContain('password');
    await plane.registries.changeSecret(name, user('reader', passwords[0]));
    await plane.registries.untilConnected(name);
    await plane.registries.changeSecret(name, user('reader', `wrong-${secretMark}`));
    await untilConnectedIs(name, 'True/FormerCredentials');
    await plane.registries.changeSecret(name, user('reader', passwords[0]));
    await plane.registries.untilConnected(name);
  });

  it('names a client certificate that has expired, and one that etcd does not know', async () => {
    const [authority, stranger] = await Promise.all([Authority.create(), Authority.create()]);
    const etcd = await authority.startEtcd(await authority.server('127.0.0.1'));
    const name = newName();
    await plane.registries.createSecret(name, name, tlsData(authority, await authority.expiredClient()));
    await create(name, { endpoints: [...etcd.endpoints], ...tlsOf(name) });
    expect(await untilConnectedIs(name, 'False/CertificateExpired')).toContain(`tls.crt of Secret ${name}`);
    await plane.registries.changeSecret(name, tlsData(authority, await stranger.client()));
    await untilConnectedIs(name, 'False/CertificateRefused');
    const { keyPem } = await stranger.client();
    const { certPem } = await authority.client();
    await plane.registries.changeSecret(name, tlsData(authority, { certPem, keyPem }));
    await untilConnectedIs(name, 'False/SecretInvalid');
    await plane.registries.changeSecret(name, tlsData(authority, await authority.client()));
    await plane.registries.untilConnected(name);
  });

  it('names a certificate of etcd that is for another name, has expired, or is of a stranger', async () => {
    const [authority, stranger] = await Promise.all([Authority.create(), Authority.create()]);
    const servers = [
      ['another name', await authority.server('other.example')],
      ['expired', await authority.expiredServer()],
      ['not trusted', await stranger.server('127.0.0.1')],
    ] as const;
    const data = tlsData(authority, await authority.client());
    await Promise.all(
      servers.map(async ([words, pair]) => {
        const etcd = await authority.startEtcd(pair);
        const name = newName();
        await plane.registries.createSecret(name, name, data);
        await create(name, { endpoints: [...etcd.endpoints], ...tlsOf(name) });
        expect(await untilConnectedIs(name, 'False/CertificateInvalid')).toContain(words);
        if (words === 'another name') {
          const { tls } = tlsOf(name);
          await plane.registries.change(name, { tls: { ...tls, serverName: 'other.example' } });
          await plane.registries.untilConnected(name);
        }
      }),
    );
  });
});

describe('a user with the permission on half of what is asked for', () => {
  it('publishes that half, and both the registry and the other half say what is missing', async () => {
    const name = newName();
    await plane.registries.createSecret(name, name, user('reader', passwords[0]));
    await create(name, login(name));
    await guarded.etcdctl(['put', '/half/a/1', '10.1.0.1:80']);
    await guarded.etcdctl(['put', '/half/b/1', '10.1.0.2:80']);
    const tenant = await plane.newTenant();
    for (const half of ['a', 'b']) {
      await tenant.define(half, { registryRef: { name }, prefix: `/half/${half}` });
    }
    await tenant.define('whole', { registryRef: { name }, prefix: '/half' });
    await tenant.untilReady('a');
    await tenant.untilReady('b', 'False/PrefixUnreadable');
    await tenant.untilReady('whole', 'False/PrefixUnreadable');
    expect(await tenant.published('a')).toEqual(['10.1.0.1:80']);
    expect(await tenant.objects.get('services', 'b')).toBeUndefined();
    await plane.registries.untilConnected(name);
    const message = await plane.registries.untilCondition(name, 'Synced', 'False/PrefixUnreadable');
    // How many it is may be told a minute late: it depends on when the registry was looked at.
    expect(message).toMatch(/^[12] of [123] prefixes cannot be followed, such as \/half/);
  });
});

describe('a rotated Secret', () => {
  /** Publishes 20 instances that move on and on while `rotate` does its work; then asserts that every state was published in order. */
  async function moveDuring(
    name: string,
    put: (key: string, value: string) => Promise<unknown>,
    rotate: () => Promise<void>,
  ): Promise<void> {
    const tenant = await plane.newTenant();
    const lists = () => plane.controller.metric('etcd_endpoints_registry_lists_total', { registry: name });
    await put('/rotated/web/0', '10.2.0.0:80');
    await tenant.define('web', { registryRef: { name }, prefix: '/rotated/web' });
    await tenant.untilReady('web');
    const listed = await lists();
    const { states, end } = await tenant.objects.watch('endpoints', 'web');
    let goesOn = true;
    let moves = 0;
    const moving = (async () => {
      while (goesOn) {
        moves += 1;
        await put(`/rotated/web/${moves}`, `10.2.${Math.floor(moves / 200)}.${moves % 200}:80`);
      }
    })();
    try {
      await rotate();
    } finally {
      goesOn = false;
      await moving;
    }
    await eventually(async () => expect(await tenant.published('web')).toHaveLength(moves + 1), {
      timeoutMs: 20_000,
    });
    end();
    // Instances only come: a state that had fewer than the one before would have lost some for a moment.
    const sizes = states.map((state: AnyObject) => state.subsets?.[0]?.addresses?.length ?? 0);
    expect(sizes).toEqual(sizes.toSorted((a: number, b: number) => a - b));
    expect(await lists()).toBe(listed);
  }

  it('with another password takes effect without losing an event or listing anything again', async () => {
    const name = newName();
    await plane.registries.createSecret(name, name, user('rotated', passwords[0]));
    await create(name, login(name));
    const raw = new RawEtcd(new URL(guarded.endpoints[0] ?? '').host);
    onTestFinished(() => raw.close());
    await raw.logIn('root', root);
    await guarded.etcdctl(['user', 'add', `rotated-next:${passwords[1]}`]);
    await guarded.etcdctl(['user', 'grant-role', 'rotated-next', 'rotated']);
    await raw.logIn('root', root);
    await moveDuring(
      name,
      (key, value) => raw.put(key, value),
      async () => {
        await plane.registries.changeSecret(name, user('rotated-next', passwords[1]));
        await eventually(() =>
          plane.controller.line({ registry: name, msg: 'the watch stream ended and is opened again' }),
        );
        await plane.registries.untilConnected(name);
      },
    );
    // The first user is needed no more.
    await guarded.etcdctl(['user', 'delete', 'rotated']);
    await plane.registries.untilConnected(name);
  });

  it('with another client certificate takes effect without losing an event or listing anything again', async () => {
    const authority = await Authority.create();
    const etcd = await authority.startEtcd(await authority.server('127.0.0.1'));
    const name = newName();
    await plane.registries.createSecret(name, name, tlsData(authority, await authority.client()));
    await create(name, { endpoints: [...etcd.endpoints], ...tlsOf(name) });
    const { certPem, keyPem } = await authority.client();
    const channel = grpc.createSsl(Buffer.from(authority.caPem), Buffer.from(keyPem), Buffer.from(certPem));
    const raw = new RawEtcd(new URL(etcd.endpoints[0] ?? '').host, channel);
    onTestFinished(() => raw.close());
    await moveDuring(
      name,
      (key, value) => raw.put(key, value),
      async () => {
        await plane.registries.changeSecret(name, tlsData(authority, await authority.client()));
        await eventually(() =>
          plane.controller.line({ registry: name, msg: 'the watch stream ended and is opened again' }),
        );
      },
    );
  });

  it('that vanishes changes nothing but the condition', async () => {
    const name = newName();
    await plane.registries.createSecret(name, name, user('reader', passwords[0]));
    await create(name, login(name));
    await plane.registries.untilConnected(name);
    await plane.own.objects.delete('secrets', name);
    await untilConnectedIs(name, 'True/FormerCredentials');
    const tenant = await plane.newTenant();
    await guarded.etcdctl(['put', '/half/a/2', '10.1.0.3:80']);
    await tenant.define('late', { registryRef: { name }, key: '/half/a/2' });
    await tenant.untilPublished('late', ['10.1.0.3:80']);
  });
});

describe('a registry with 100 000 unrelated keys under its root', () => {
  it('lists only what is asked of it', async () => {
    const etcd = await startEtcd();
    const raw = new RawEtcd(new URL(etcd.endpoints[0] ?? '').host);
    onTestFinished(async () => {
      raw.close();
      await etcd.stop();
    });
    const batches = Array.from({ length: 1000 }, (_, batch) => batch).values();
    const writer = async (): Promise<void> => {
      for (const batch of batches) {
        await raw.commit(
          new Map(Array.from({ length: 100 }, (_, n) => [`/big/other/${batch}-${n}`, 'x'.repeat(64)])),
        );
      }
    };
    await Promise.all(Array.from({ length: 8 }, writer));
    await raw.put('/big/web/1', '10.3.0.1:80');
    const name = newName();
    await create(name, { endpoints: [...etcd.endpoints], root: '/big' });
    const tenant = await plane.newTenant();
    const began = performance.now();
    await tenant.define('web', { registryRef: { name }, prefix: '/web' });
    await tenant.untilPublished('web', ['10.3.0.1:80']);
    expect(performance.now() - began).toBeLessThan(3000);
    expect(await plane.controller.metric('etcd_endpoints_registry_keys', { registry: name })).toBe(1);
    await plane.registries.untilConnected(name);
  });
});

describe('no secret', () => {
  it('is in any log line, Event, status, metric or probe of all that came before', async () => {
    const { controller, own } = plane;
    const events = await Promise.all(
      ['', `/namespaces/${own.namespace}`].map((scope) => own.objects.call('GET', `/api/v1${scope}/events`)),
    );
    const kinds = ['etcdregistries', 'etcdservices'].map((plural) =>
      own.objects.call('GET', `/apis/etcd-endpoints.io/v1alpha1/${plural}`),
    );
    const statuses = (await Promise.all(kinds)).map(({ text }) => text);
    const [metrics, health] = await Promise.all([controller.http('/metrics'), controller.http('/healthz')]);
    const said = [
      controller.output,
      ...events.map(({ text }) => text),
      ...statuses,
      metrics.text,
      health.text,
    ].join('\n');
    expect(said).toContain('AuthenticationFailed');
    expect(said).toContain('company-1');
    for (const secret of [secretMark, btoa(passwords[0]), 'PRIVATE KEY', 'BEGIN CERTIFICATE']) {
      expect(said.includes(secret), secret).toBe(false);
    }
  });
});
