import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from '../../dev/control-plane/plane.ts';
import type { Rule } from '../../src/kube/rights.ts';
import type { AnyObject, KubeObjects } from './kube-objects.ts';

/** The grants without one verb on one resource. */
export function withoutVerb(grants: readonly Rule[], verb: string, resource: string): readonly Rule[] {
  return grants.map((grant) =>
    grant.resources.includes(resource)
      ? { ...grant, verbs: grant.verbs.filter((other) => other !== verb) }
      : grant,
  );
}

/** A user who may do nothing but what is granted, as the Pod of a controller has one. */
export class ServiceAccount {
  readonly kubeconfigPath: string;
  readonly #subject: object;

  private constructor(kubeconfigPath: string, subject: object) {
    this.kubeconfigPath = kubeconfigPath;
    this.#subject = subject;
  }

  /** Creates an account in the namespace of `objects`, with a kubeconfig that holds a token of it. */
  static async create(objects: KubeObjects, { server, caPem }: Credentials): Promise<ServiceAccount> {
    const { namespace } = objects;
    const name = 'controller';
    await objects.create('serviceaccounts', name, {});
    const token = await tokenOf(objects, namespace, name);
    const kubeconfigPath = await writeKubeconfig({ server, caPem }, token);
    return new ServiceAccount(kubeconfigPath, { kind: 'ServiceAccount', name, namespace });
  }

  /** Lets the account do this in the namespace of `objects`, and nothing else there. */
  async grant(objects: KubeObjects, rules: readonly Rule[]): Promise<void> {
    const name = 'controller';
    const usable = rules.filter(({ verbs }) => verbs.length > 0);
    if ((await objects.get('roles', name)) !== undefined) {
      await objects.change('roles', name, (role) => {
        role.rules = usable;
      });
      return;
    }
    await objects.create('roles', name, { rules: usable });
    await objects.create('rolebindings', name, {
      subjects: [this.#subject],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    });
  }

  async remove(): Promise<void> {
    await rm(join(this.kubeconfigPath, '..'), { recursive: true });
  }
}

/** A token of a ServiceAccount, as a Pod gets one. */
export async function tokenOf(
  objects: { call(method: string, path: string, body: object): Promise<{ readonly json?: AnyObject }> },
  namespace: string,
  name: string,
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const { json } = await objects.call('POST', path, request);
  return json.status.token;
}

/** Path of a kubeconfig that holds the token, in a folder of its own for whoever asks to remove. */
export async function writeKubeconfig(
  { server, caPem }: Pick<Credentials, 'server' | 'caPem'>,
  token: string,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-account-'));
  const path = join(directory, 'kubeconfig');
  // JSON is YAML.
  await writeFile(path, JSON.stringify(kubeconfigOf(server, caPem, token)));
  return path;
}

function kubeconfigOf(server: string, caPem: string, token: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [
      {
        name: 'test',
        cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') },
      },
    ],
    users: [{ name: 'test', user: { token } }],
  };
}
