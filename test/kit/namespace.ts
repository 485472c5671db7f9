import { randomBytes } from 'node:crypto';
import { kube, tryKube } from './control-plane.ts';

/** A namespace for one test. */
export interface TestNamespace {
  readonly name: string;
  readonly uid: string;
  /** Removes the namespace itself. What is in it stays in the throw-away store: no namespace controller runs to empty it. */
  remove(): Promise<void>;
}

/** Creates a namespace with a name that no other test has. */
export async function createNamespace(hint = 'test'): Promise<TestNamespace> {
  const name = `${hint}-${randomBytes(5).toString('hex')}`;
  const { metadata } = await kube('POST', '/api/v1/namespaces', { metadata: { name } });
  return {
    name,
    uid: metadata.uid,
    remove: async () => {
      const path = `/api/v1/namespaces/${name}`;
      await tryKube('DELETE', path);
      // As the namespace controller would once it is empty.
      const { json: terminating } = await tryKube('GET', path);
      await tryKube('PUT', `${path}/finalize`, { ...terminating, spec: { finalizers: [] } });
    },
  };
}
