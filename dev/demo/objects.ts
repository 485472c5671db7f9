import { parse } from 'yaml';
import { crdOf, type Kind } from '../../src/api/crd.ts';
import { type EtcdService, etcdServiceResource } from '../../src/api/etcd-service.ts';
import { kinds } from '../../src/api/kinds.ts';
import { NAMESPACES } from '../../src/kube/resources.ts';
import type { KubeClient, KubeObject, Resource } from '../../src/kube/types.ts';
import { eventually } from './eventually.ts';

export const NAMESPACE = 'shop';
export const SERVICE = 'web';

/** What a user writes: which prefix fills which Service. */
export const ETCD_SERVICE_YAML = `apiVersion: etcd-endpoints.io/v1alpha1
kind: EtcdService
metadata:
  name: ${SERVICE}
  namespace: ${NAMESPACE}
spec:
  prefix: /services/web
  ports:
    - port: 80
`;

interface CustomResourceDefinition extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const CUSTOM_RESOURCE_DEFINITIONS: Resource<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** Installs every CRD and waits until they are served. */
export async function installCrds(client: KubeClient, signal: AbortSignal): Promise<void> {
  await Promise.all(kinds.map((kind) => installCrd(client, kind, signal)));
}

async function installCrd(client: KubeClient, kind: Kind, signal: AbortSignal): Promise<void> {
  const crd = crdOf(kind);
  await client.create(CUSTOM_RESOURCE_DEFINITIONS, crd);
  await eventually(`the CRD ${crd.metadata.name} is established`, signal, async () => {
    const found = await client.get(CUSTOM_RESOURCE_DEFINITIONS, crd.metadata.name);
    const established = found?.status?.conditions?.find(({ type }) => type === 'Established');
    return established?.status === 'True' && (await client.serves(kind.resource));
  });
}

/** Creates the namespace and the EtcdService. */
export async function createEtcdService(client: KubeClient): Promise<void> {
  await client.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
  });
  await client.create(etcdServiceResource, parse(ETCD_SERVICE_YAML) as EtcdService);
}
