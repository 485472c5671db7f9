import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { Cache, cacheRoot } from '../../dev/control-plane/cache.ts';
import { findOldEtcd } from '../../dev/control-plane/etcd-releases.ts';
import { findBinaries } from '../../dev/control-plane/find.ts';
import { findHelm } from '../../dev/control-plane/helm.ts';
import { startControlPlane } from '../../dev/control-plane/plane.ts';
import { findPythonEtcd3 } from '../../dev/control-plane/python-etcd3.ts';
import { isAtLeast } from '../../dev/control-plane/version.ts';
import type { Containers } from './control-plane.ts';

const run = promisify(execFile);

/** Starts the one control plane that all tests of the project `servers` share, and hands it to them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const report = (line: string): void => console.log(line);
  const { env: environment } = process;
  const binaries = await findBinaries({ report, environment });
  const cache = new Cache(cacheRoot(environment));
  const oldEtcd = await findOldEtcd({ report, environment, cache });
  const pythonEtcd3 = await findPythonEtcd3(cache, report);
  const helm = await findHelm({ cache, environment, report });
  const plane = await startControlPlane({ binaries, report, auditLog: true });
  const containers = await findContainers();
  project.provide('servers', {
    binaries,
    oldEtcd,
    pythonEtcd3,
    helm,
    promtool: await works('promtool', ['--version']),
    credentials: plane.credentials,
    auditLog: plane.auditLog,
    served: {
      discoveryV1: isAtLeast(plane.version, '1.21'),
      cel: isAtLeast(plane.version, '1.25'),
      controllerManager: binaries.kubeControllerManager !== undefined,
    },
    containers,
  });
  return plane.stop;
}

function works(program: string, args: readonly string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}

async function findContainers(): Promise<Containers> {
  const namespaces = await works('unshare', ['--mount', '--pid', '--fork', 'true']);
  return { namespaces, buildah: namespaces && (await works('buildah', ['--version'])) };
}
