import { describe } from 'vitest';
import { isAtLeast, parseVersion } from '../../dev/control-plane/version.ts';
import { type Servers, servers } from './control-plane.ts';

/** What a test may need beyond the oldest servers that tests run on. */
export type Need =
  | 'discovery.k8s.io/v1'
  | 'kube-controller-manager'
  | 'kubectl'
  | 'etcd 3.4'
  | 'python3-etcd3'
  | 'buildah'
  | 'namespaces of processes'
  | 'helm'
  | 'promtool'
  | `server >= ${number}.${number}`
  | `etcd >= ${number}.${number}`;

/**
 * Declares tests that need more than the oldest servers. Where the servers found do not have it they are skipped, and the need in the title
 * is how the closing summary knows that this skip, and no other, is right.
 */
export function describeNeeding(need: Need, title: string, body: () => void): void {
  describe.skipIf(!isMet(need, servers()))(`${title} [needs ${need}]`, body);
}

/** Whether these servers have what is needed. */
export function isMet(
  need: Need,
  { binaries, oldEtcd, pythonEtcd3, helm, promtool, served, containers }: Servers,
): boolean {
  switch (need) {
    case 'discovery.k8s.io/v1':
      return served.discoveryV1;
    case 'kube-controller-manager':
      return served.controllerManager;
    case 'kubectl':
      return binaries.kubectl !== undefined;
    case 'etcd 3.4':
      return oldEtcd !== undefined;
    case 'python3-etcd3':
      return pythonEtcd3 !== undefined;
    case 'buildah':
      return containers.buildah;
    case 'namespaces of processes':
      return containers.namespaces;
    case 'promtool':
      return promtool;
    case 'helm':
      return helm !== undefined;
    default: {
      const [what, , least = ''] = need.split(' ');
      const version = what === 'server' ? binaries.kubernetesVersion : parseVersion(binaries.etcdVersion);
      return isAtLeast(version, least);
    }
  }
}
