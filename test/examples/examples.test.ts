import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { installCrds } from '../kit/crd.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import { startPod } from './pod.ts';
import { linesOf, project, Workstation } from './workstation.ts';

const examples = (await Array.fromAsync(glob('examples/*/endpoints.txt', { cwd: project })))
  .map(dirname)
  .sort();

/** Servers of a file's own take long to start on a machine that starts others at the same time. */
const START_TIMEOUT_MS = 400_000;

const LOOK = { intervalMs: 200 };

describeNeeding('kubectl', 'the examples', () => {
  describeNeeding('server >= 1.25', 'in one cluster', () => {
    let own: OwnPlane;
    let workstation: Workstation;
    let sites: { readonly east: RegistryEtcd; readonly west: RegistryEtcd };
    let folder: string;
    /** What the examples that have been applied so far promise. */
    const promised = new Set<string>();

    beforeAll(async () => {
      const [plane, east, west] = await Promise.all([
        startOwnPlane({ apiServerFlags: { 'service-cluster-ip-range': '10.96.0.0/12,fd00:10:96::/108' } }),
        startEtcd(),
        startEtcd(),
      ]);
      own = plane;
      sites = { east, west };
      folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-examples-'));
      workstation = new Workstation(own);
      await installCrds(own.plane.credentials);
      await workstation.run('kubectl', 'create', 'namespace', 'shop');
      await own.scene.startController();
      return async () => {
        await Promise.all([own.stop(), east.stop(), west.stop()]);
        await rm(folder, { recursive: true, force: true });
      };
    }, START_TIMEOUT_MS);

    /** A file of an example with our addresses in it, as its comments ask for. */
    const withAddresses = async (path: string): Promise<string> => {
      const text = await readFile(join(project, path), 'utf8');
      const copy = join(folder, path.replaceAll('/', '-'));
      await writeFile(
        copy,
        text
          .replaceAll('http://etcd-east.example:2379', sites.east.endpoints[0] ?? '')
          .replaceAll('http://etcd-west.example:2379', sites.west.endpoints[0] ?? ''),
      );
      return copy;
    };

    it.each(examples)('%s publishes exactly what it promises', async (example) => {
      await workstation.apply(await withAddresses(`${example}/objects.yaml`));
      await workstation.run('sh', '-e', await withAddresses(`${example}/register.sh`));
      const lines = linesOf(await readFile(join(project, example, 'endpoints.txt'), 'utf8'));
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        promised.add(line);
      }
      await eventually(
        async () => expect((await workstation.published()).toSorted()).toEqual([...promised].toSorted()),
        LOOK,
      );
    });

    it('begin with a quick start of three instances that answer, of which one is forgotten when it stops', async () => {
      await workstation.apply('examples/quickstart/registry.yaml');
      await workstation.apply('examples/quickstart/web.yaml');
      const deployment = await workstation.run(
        'kubectl',
        'get',
        'deployment/web',
        '-n',
        'registry',
        '-o',
        'json',
      );
      const { replicas, template } = JSON.parse(deployment).spec;
      const [registry = ''] = own.scene.registry.endpoints;
      const names = Array.from({ length: replicas }, (_, index) => `web-${index}`);
      const pods = await Promise.all(names.map((name) => startPod(template.spec, name, registry)));
      const wait = ['wait', '--for=condition=HasEndpoints', 'etcdservice/web', '-n', 'shop', '--timeout=60s'];
      await workstation.run('kubectl', ...wait);
      const answers = async (): Promise<string[]> => {
        const lines = (await workstation.published()).filter((line) => line.startsWith('web '));
        return (await Promise.all(lines.map(askWeb))).toSorted();
      };
      const hellos = names.map((name) => `hello from ${name}\n`);
      await eventually(async () => expect(await answers()).toEqual(hellos), LOOK);
      pods[0]?.stop();
      await eventually(async () => expect(await answers()).toEqual(hellos.slice(1)), LOOK);
    });

    it('are all in the table of their page', async () => {
      const page = await readFile(join(project, 'examples/README.md'), 'utf8');
      const named = [...page.matchAll(/^\| \[[^\]]+\]\(([^/]+)\/objects\.yaml\)/gm)].map(([, name]) => name);
      expect(named.map((name) => `examples/${name}`).sort()).toEqual(examples);
    });
  });
});

/** What a line of `examples/show.sh` leads to says by HTTP. */
async function askWeb(line: string): Promise<string> {
  const [, address, port] = line.split(' ');
  return await (await fetch(`http://${address}:${port}`)).text();
}
