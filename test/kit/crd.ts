import { etcdServiceCrd } from '../../src/api/crd.ts';
import { kube, tryKube } from './control-plane.ts';
import { eventually } from './eventually.ts';

const collection = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Installs our CRD into the shared control plane, or brings it up to date, and waits until it is served. */
export async function installCrd(): Promise<void> {
  const crd = etcdServiceCrd();
  const path = `${collection}/${crd.metadata.name}`;
  const created = await tryKube('POST', collection, crd);
  if (created.status === 409) {
    await eventually(async () => {
      const { metadata } = await kube('GET', path);
      const { resourceVersion } = metadata;
      await kube('PUT', path, { ...crd, metadata: { ...crd.metadata, resourceVersion } });
    });
  } else if (created.status >= 300) {
    throw new Error(`the CRD was refused: ${JSON.stringify(created.json)}`);
  }
  await eventually(async () => {
    const { status } = await kube('GET', path);
    const established = status.conditions.find(({ type }: { type: string }) => type === 'Established');
    if (established?.status !== 'True') {
      throw new Error('the CRD is not established');
    }
    await kube('GET', '/apis/etcd-endpoints.io/v1alpha1/etcdservices');
  });
}
