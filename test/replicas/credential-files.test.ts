import { credentials } from '@grpc/grpc-js';
import { expect, it, onTestFinished } from 'vitest';
import { servers } from '../kit/control-plane.ts';
import { type ControllerProcess, startController } from '../kit/controller-process.ts';
import { installCrd } from '../kit/crd.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { MountedSecret } from '../kit/mounted-secret.ts';
import { createNamespace } from '../kit/namespace.ts';
import { RawEtcd } from '../kit/raw-etcd.ts';
import { Registrar } from '../kit/registrar.ts';
import { Authority, type Pair } from '../kit/registry-certificates.ts';
import { leads, replicaOptions, termsOf } from '../kit/replicas.ts';
import { Scene } from '../kit/scene.ts';

const inUse = 'The changed files with credentials for etcd are in use';
const notInUse =
  'The changed files with credentials for etcd cannot be used; those before are, and it is tried again';

const bothConnections = ['election', 'registry'];

interface Stage {
  readonly scene: Scene;
  readonly controller: ControllerProcess;
  /** Returns once a line was logged for both the registry and the election, since the last that was waited for. */
  untilLogged(msg: string): Promise<void>;
}

/** A controller that is elected in the registry and reads its credentials from files. */
async function stage(registry: RegistryEtcd, args: readonly string[]): Promise<Stage> {
  await installCrd();
  const { name } = await createNamespace('files');
  const { kubeconfigPath } = servers().credentials;
  const options = replicaOptions(name, registry.endpoints, kubeconfigPath, 'etcd', 15_000);
  const controller = await startController({ ...options, args: [...(options.args ?? []), ...args] });
  onTestFinished(() => controller.kill());
  const registrar = new Registrar(registry);
  onTestFinished(() => registrar.close());
  const scene = new Scene({
    registry,
    registrar,
    objects: new KubeObjects(servers().credentials, name),
    controller: options,
  });
  await scene.define('web');
  await eventually(() => expect(leads(controller)).toBe(true));
  let seen = 0;
  return {
    scene,
    controller,
    async untilLogged(msg) {
      await eventually(() => {
        const found = controller.lines.slice(seen).filter((line) => line.msg === msg);
        expect(found.map(({ connection }) => connection).toSorted()).toEqual(bothConnections);
      });
      seen = controller.lines.length;
    },
  };
}

/** Registers ever other instances of `web` until it is ended; then it says what is registered. */
function registering(put: (key: string, value: string) => Promise<unknown>): {
  end(): Promise<readonly string[]>;
} {
  let goesOn = true;
  const last = new Map<string, string>();
  const done = (async () => {
    for (let count = 0; goesOn; count += 1) {
      const key = `/services/web/${count % 5}`;
      const value = `10.0.${count % 200}.${count % 5}:80`;
      await put(key, value);
      last.set(key, value);
    }
    return [...last.values()];
  })();
  return {
    end() {
      goesOn = false;
      return done;
    },
  };
}

it('goes on under other certificates in its files, tells what cannot be used, and loses neither an event nor the lead', async () => {
  const [authority, next, stranger] = await Promise.all([
    Authority.create(),
    Authority.create(),
    Authority.create(),
  ]);
  const server = await MountedSecret.create(serverFiles(await authority.server('127.0.0.1'), authority));
  const registry = await startEtcd({
    tls: true,
    flags: {
      'trusted-ca-file': server.file('ca.pem'),
      'cert-file': server.file('tls.crt'),
      'key-file': server.file('tls.key'),
    },
  });
  onTestFinished(() => registry.stop());
  const first = await authority.client();
  const raw = rawOver(registry, authority.caPem, first);
  const files = (pair: Pair, ca = authority.caPem) => ({ ca, crt: pair.certPem, key: pair.keyPem });
  const mounted = await MountedSecret.create(files(first));
  const { scene, controller, untilLogged } = await stage(registry, [
    `--etcd-ca=${mounted.file('ca')}`,
    `--etcd-cert=${mounted.file('crt')}`,
    `--etcd-key=${mounted.file('key')}`,
  ]);
  const writer = registering((key, value) => raw.put(key, value));

  await mounted.change(files(await stranger.client()));
  await untilLogged(notInUse);
  const second = await authority.client();
  await mounted.change(files({ certPem: second.certPem, keyPem: first.keyPem }));
  await untilLogged(notInUse);
  await mounted.change(files(second));
  await untilLogged(inUse);
  await mounted.change(files(second, `${authority.caPem}\n${next.caPem}`));
  await untilLogged(inUse);
  await scene.untilPublished('web', await writer.end());
  expect(termsOf(controller)).toHaveLength(1);
  expect(leads(controller)).toBe(true);

  // What is trusted from now on is the new file.
  await server.change(serverFiles(await next.server('127.0.0.1'), authority));
  await registry.members[0]?.restart();
  const after = rawOver(registry, next.caPem, second);
  await after.put('/services/web/0', '10.1.0.1:80');
  await eventually(async () => expect(await scene.published('web')).toContain('10.1.0.1:80'));
});

/** etcd over TLS, with what its server is known by and a client certificate. */
function rawOver(
  { endpoints: [endpoint = ''] }: RegistryEtcd,
  ca: string,
  { certPem, keyPem }: Pair,
): RawEtcd {
  const channel = credentials.createSsl(Buffer.from(ca), Buffer.from(keyPem), Buffer.from(certPem));
  const raw = new RawEtcd(new URL(endpoint).host, channel);
  onTestFinished(() => raw.close());
  return raw;
}

function serverFiles({ certPem, keyPem }: Pair, { caPem }: Authority): Readonly<Record<string, string>> {
  return { 'ca.pem': caPem, 'tls.crt': certPem, 'tls.key': keyPem };
}

it('goes on under another password in its file once etcd has it, and loses neither an event nor the lead', async () => {
  const user = { name: 'shop', password: 'first-secret', prefix: '/', access: 'readwrite' as const };
  const registry = await startEtcd({ auth: { rootPassword: 'root-secret', users: [user] } });
  onTestFinished(() => registry.stop());
  const raw = new RawEtcd(new URL(registry.endpoints[0] ?? '').host);
  onTestFinished(() => raw.close());
  await raw.logIn('root', 'root-secret');
  const mounted = await MountedSecret.create({ password: 'first-secret\n' });
  const { scene, controller, untilLogged } = await stage(registry, [
    '--etcd-user=shop',
    `--etcd-password-file=${mounted.file('password')}`,
  ]);
  await mounted.change({ password: 'second-secret\n' });
  await untilLogged(notInUse);
  await registry.etcdctl(['user', 'delete', 'shop']);
  await registry.etcdctl(['user', 'add', 'shop:second-secret']);
  await registry.etcdctl(['user', 'grant-role', 'shop', 'shop']);
  await raw.logIn('root', 'root-secret');
  await raw.put('/services/web/1', '10.0.0.1:80');
  await untilLogged(inUse);
  await scene.untilPublished('web', ['10.0.0.1:80']);
  expect(termsOf(controller)).toHaveLength(1);
  expect(leads(controller)).toBe(true);
  expect(controller.output).not.toMatch(/first-secret|second-secret/);
});
