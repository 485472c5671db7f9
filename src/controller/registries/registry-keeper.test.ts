import { describe, expect, it, onTestFinished } from 'vitest';
import { etcdRegistry } from '../../../test/kit/etcd-registries.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { MemoryCache } from '../../../test/kit/memory-cache.ts';
import type { EtcdRegistry } from '../../api/etcd-registry.ts';
import { RetryableError } from '../../errors.ts';
import type { Secret } from '../../kube/resources.ts';
import type { KubeObject, KubeReader, KubeWriter } from '../../kube/types.ts';
import { RegistryPool } from '../../registries/pool.ts';
import { Registry } from '../../registries/registry.ts';
import { createLogger } from '../../telemetry/logging.ts';
import { OwnWrites } from '../publish/own-writes.ts';
import { RegistryKeeper } from './registry-keeper.ts';

const log = createLogger({ level: 'error', format: 'json', replica: 'test' });

const updateStatus = async (_: unknown, { metadata, ...rest }: KubeObject): Promise<KubeObject> => ({
  ...rest,
  metadata: { ...metadata, resourceVersion: '2' },
});

/** A keeper of the registry `company`, which names a Secret; `get` is how the apiserver answers for one without our label. */
function setUp(get: () => Promise<undefined> = async () => undefined) {
  const clock = new FakeClock();
  const { metadata, ...rest } = etcdRegistry('company', { userSecretRef: { name: 'user' } });
  const objects = new MemoryCache<EtcdRegistry>([
    { ...rest, metadata: { ...metadata, uid: 'first', resourceVersion: '1' } },
  ]);
  const secrets = new MemoryCache<Secret>();
  const pool = new RegistryPool((name) => new Registry(name, { clock, log }));
  const written = new OwnWrites(objects, clock);
  const told: string[] = [];
  const keeper = new RegistryKeeper({
    objects: written,
    secrets,
    ownNamespace: 'etcd-endpoints',
    pool,
    reader: { get } as unknown as KubeReader,
    writer: { updateStatus } as unknown as KubeWriter,
    clock,
    limits: { maxMessageBytes: 1_000_000, callTimeoutMs: 1000 },
    rangesKnown: () => true,
    leads: () => true,
    changed: () => undefined,
    told: (_, { reason }) => told.push(reason),
  });
  onTestFinished(async () => {
    written.close();
    await Promise.all([keeper.close(), pool.close()]);
  });
  return { keeper, secrets, told, status: () => written.get('company')?.status };
}

describe('what a registry says of the Secret that it names', () => {
  it('is nothing, and soon again looked for, while Secrets are being listed for the first time', async () => {
    const { keeper, secrets, told, status } = setUp();
    secrets.synced = false;
    const requeue = await keeper.reconcile('company');
    expect(requeue?.requeueAfterMs).toBeLessThanOrEqual(200);
    expect([secrets.isStarted, told, status()]).toEqual([true, [], undefined]);

    secrets.synced = true;
    await keeper.reconcile('company');
    expect(told).toEqual(['SecretNotFound']);
  });

  it('is that Secrets cannot be read where they cannot be listed', async () => {
    const { keeper, secrets, told, status } = setUp();
    secrets.synced = false;
    secrets.problem = new Error('list secrets: forbidden');
    await keeper.reconcile('company');
    expect(told).toEqual(['SecretsUnreadable']);
    expect(status()?.conditions?.[0]?.message).toContain('list secrets: forbidden');
  });

  it('is the same where one without our label cannot be looked for', async () => {
    const { keeper, told, status } = setUp(async () => {
      throw new RetryableError(
        'KUBE_FORBIDDEN',
        'get Secret etcd-endpoints/user: forbidden, grant verb "get"',
      );
    });
    await keeper.reconcile('company');
    expect(told).toEqual(['SecretsUnreadable']);
    expect(status()?.conditions?.[0]?.message).toContain('grant verb "get"');
  });
});
