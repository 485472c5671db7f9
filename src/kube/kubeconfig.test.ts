import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, it, onTestFinished } from 'vitest';
import { ownNamespace } from './kubeconfig.ts';

it('takes the namespace of a Pod from its service account', async () => {
  const root = await mkdtemp(join(tmpdir(), 'service-account-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const account = join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
  await mkdir(account, { recursive: true });
  await writeFile(join(account, 'namespace'), 'shop\n');
  const config = new KubeConfig();
  config.loadFromCluster(root);
  expect(ownNamespace(config)).toBe('shop');
});
