import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from './binaries.ts';
import type { Cache } from './cache.ts';
import { DebianArchive } from './debian-archive.ts';
import { type StepOptions, step } from './step.ts';

const run = promisify(execFile);

/** What Debian 12 calls 1.20.5+really1.20.2. */
const KUBERNETES = { major: '1', minor: '20', version: 'v1.20.2' };
/** Names of the entries in the cache. */
export const DEBIAN_ETCD = 'debian-etcd-3.4';
/** The last number is that of the recipe: a change of it builds anew. */
const DEBIAN_KUBERNETES = 'debian-kubernetes-1.20-2';

const COMPILED = ['kube-apiserver', 'kube-controller-manager'];

/** etcd and etcdctl 3.4 as Debian 12 packages them; some seconds the first time. */
export function debianEtcd(cache: Cache, report: Report): Promise<string> {
  return cache.get(DEBIAN_ETCD, report, async (files, scratch) => {
    const log = await newLog(cache, DEBIAN_ETCD);
    const archive = await DebianArchive.open(join(scratch, 'apt'), log, report);
    await archive.unpack(['etcd-server', 'etcd-client'], join(scratch, 'root'));
    for (const program of ['etcd', 'etcdctl']) {
      await copyFile(join(scratch, 'root', 'usr', 'bin', program), join(files, program));
    }
  });
}

/**
 * kube-apiserver, kube-controller-manager (compiled from Debian 12's source, some minutes the first time) and kubectl (as it packages it)
 * of Kubernetes 1.20.
 */
export function debianKubernetes(cache: Cache, report: Report): Promise<string> {
  return cache.get(DEBIAN_KUBERNETES, report, async (files, scratch) => {
    const log = await newLog(cache, DEBIAN_KUBERNETES);
    report(
      `Compiling Kubernetes ${KUBERNETES.version} once: about 5 minutes on two cores, 3 GB of disk meanwhile. Log: ${log}`,
    );
    const archive = await DebianArchive.open(join(scratch, 'apt'), log, report);
    const root = join(scratch, 'root');
    await archive.unpack(
      ['golang-1.19-go', 'golang-1.19-src', 'golang-github-modern-go-reflect2-dev', 'kubernetes-client'],
      root,
    );
    const source = await archive.downloadSource('kubernetes');
    await compile(source, root, scratch, files, { log, report });
    await copyFile(join(root, 'usr', 'bin', 'kubectl'), join(files, 'kubectl'));
  });
}

async function newLog(cache: Cache, name: string): Promise<string> {
  const log = join(cache.root, `${name}.log`);
  await rm(log, { force: true });
  return log;
}

/**
 * What `make` does for these two programs, without its need for rsync, jq and a git checkout. Debian's patches are left out: they
 * concern kubectl alone.
 */
async function compile(
  sourceTar: string,
  root: string,
  scratch: string,
  files: string,
  options: StepOptions,
): Promise<void> {
  const source = join(scratch, 'gopath', 'src', 'k8s.io', 'kubernetes');
  await mkdir(source, { recursive: true });
  await step(
    'Unpacking the source',
    'tar',
    ['-xf', sourceTar, '--strip-components=1', '-C', source],
    options,
  );
  await fitToNewerGo(source, root);
  const goRoot = join(root, 'usr', 'lib', 'go-1.19');
  const inSource: StepOptions = {
    ...options,
    cwd: source,
    environment: goEnvironment(goRoot, scratch),
  };
  const go = join(goRoot, 'bin', 'go');

  const generator = join(scratch, 'openapi-gen');
  const generatorSource = './vendor/k8s.io/kube-openapi/cmd/openapi-gen';
  await step('Compiling the OpenAPI generator', go, ['build', '-o', generator, generatorSource], inSource);
  await step('Generating OpenAPI', generator, await openApiArguments(source, scratch), inSource);
  for (const program of COMPILED) {
    const output = join(files, program);
    const args = ['build', '-trimpath', '-ldflags', versionFlags(), '-o', output, `./cmd/${program}`];
    await step(`Compiling ${program}`, go, args, inSource);
  }
}

/**
 * Kubernetes 1.20 was written for Go 1.15. Compiled by 1.19, two of its dependencies break: reflect2 before 1.0.2 crashes the apiserver on
 * the first custom resource, and the validator of kube-openapi takes an empty text for null, since `reflect.Zero` no longer allocates.
 */
async function fitToNewerGo(source: string, root: string): Promise<void> {
  const reflect2 = join('github.com', 'modern-go', 'reflect2');
  const vendored = join(source, 'vendor', reflect2);
  await rm(vendored, { recursive: true });
  await cp(join(root, 'usr', 'share', 'gocode', 'src', reflect2), vendored, { recursive: true });
  const validator = join(source, 'vendor/k8s.io/kube-openapi/pkg/validation/validate/type.go');
  const code = await readFile(validator, 'utf8');
  const comparison = ' || reflect.DeepEqual(reflect.Zero(reflect.TypeOf(data)), reflect.ValueOf(data))';
  if (!code.includes(comparison)) {
    throw new Error(`${validator} is not as expected: Debian's source has changed`);
  }
  await writeFile(validator, code.replace(comparison, ''));
}

/** A Go that sees nothing of the user's: no settings, caches or modules. */
function goEnvironment(goRoot: string, scratch: string): NodeJS.ProcessEnv {
  return {
    GOROOT: goRoot,
    GOPATH: join(scratch, 'gopath'),
    GOCACHE: join(scratch, 'go-cache'),
    GOENV: 'off',
    GOFLAGS: '',
    GO111MODULE: 'off',
    CGO_ENABLED: '0',
  };
}

/** As in Makefile.generated_files: the packages that carry the tag, without those of examples. */
async function openApiArguments(source: string, scratch: string): Promise<string[]> {
  const grep = ['-rl', '--include=*.go', '+k8s:openapi-gen=', 'pkg', 'staging/src'];
  const { stdout } = await run('grep', grep, { cwd: source });
  return [
    '--logtostderr',
    ...['-i', packagesOf(stdout.trim().split('\n')).join(',')],
    ...['-p', 'k8s.io/kubernetes/pkg/generated/openapi'],
    ...['-O', 'zz_generated.openapi'],
    ...['-h', 'hack/boilerplate/boilerplate.generatego.txt'],
    ...['-r', join(scratch, 'openapi-violations')],
  ];
}

/** The Go packages in which these files of the source lie, as the vendor folder names them. */
export function packagesOf(files: readonly string[]): string[] {
  const packages = files
    .filter((file) => !/code-generator|sample-apiserver/.test(file))
    .map((file) => file.slice(0, file.lastIndexOf('/')))
    .map((folder) => `k8s.io/kubernetes/${folder.replace(/^staging\/src\//, 'vendor/')}`);
  return [...new Set(packages)];
}

/** As hack/lib/version.sh does: an apiserver without a version of its own answers `v0.0.0-master`. */
function versionFlags(): string {
  const places = ['k8s.io/client-go/pkg/version', 'k8s.io/component-base/version'];
  const set = places.flatMap((place) => [
    `-X k8s.io/kubernetes/vendor/${place}.gitVersion=${KUBERNETES.version}`,
    `-X k8s.io/kubernetes/vendor/${place}.gitMajor=${KUBERNETES.major}`,
    `-X k8s.io/kubernetes/vendor/${place}.gitMinor=${KUBERNETES.minor}`,
  ]);
  return ['-s', '-w', ...set].join(' ');
}
