import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Credentials } from '../../dev/control-plane/plane.ts';
import type { AnyObject } from './kube-objects.ts';
import { Manifests } from './manifests.ts';
import { tokenOf, writeKubeconfig } from './service-account.ts';

/** What a kubelet would run of a Pod's only container: no image and no isolation, but its command line, environment, Secrets and token. */
export interface PodCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** In the place of the token that is mounted in a Pod. */
  readonly kubeconfig: string;
  remove(): Promise<void>;
}

/** Prepares what a Pod of this spec would run. Throws as a kubelet waits: where a Secret is not there. */
export async function podCommand(
  credentials: Credentials,
  { metadata, spec }: AnyObject,
): Promise<PodCommand> {
  const manifests = new Manifests(credentials);
  const { namespace, name } = metadata;
  const token = await tokenOf(manifests, namespace, spec.serviceAccountName);
  const kubeconfig = await writeKubeconfig(credentials, token);
  const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-pod-'));
  const [container] = spec.containers;
  const mounts: readonly AnyObject[] = container.volumeMounts ?? [];
  for (const { name: volume } of mounts) {
    const { secretName } = spec.volumes.find((one: AnyObject) => one.name === volume).secret;
    await writeSecret(
      manifests,
      `/api/v1/namespaces/${namespace}/secrets/${secretName}`,
      join(folder, volume),
    );
  }
  const args = container.args.map((arg: string) =>
    mounts.reduce(
      (text, mount) => text.replace(`=${mount.mountPath}/`, `=${join(folder, mount.name)}/`),
      arg,
    ),
  );
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': name,
    'metadata.namespace': namespace,
  };
  const env = (container.env ?? []).map(({ name: variable, value, valueFrom }: AnyObject) => [
    variable,
    value ?? fields[valueFrom.fieldRef.fieldPath],
  ]);
  return {
    args,
    env: Object.fromEntries(env),
    kubeconfig,
    async remove() {
      await rm(folder, { recursive: true });
      await rm(dirname(kubeconfig), { recursive: true });
    },
  };
}

async function writeSecret(manifests: Manifests, path: string, folder: string): Promise<void> {
  const { status, json } = await manifests.call('GET', path);
  if (status !== 200) {
    throw new Error(`Cannot mount ${path}: ${json.message}`);
  }
  await mkdir(folder);
  for (const [key, content] of Object.entries<string>(json.data)) {
    await writeFile(join(folder, key), Buffer.from(content, 'base64'));
  }
}

/** A Pod of a Deployment, named as one. */
export function podOf({ metadata, spec }: AnyObject, suffix: string): AnyObject {
  const { namespace, name } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name: `${name}-${suffix}` },
    spec: spec.template.spec,
  };
}
