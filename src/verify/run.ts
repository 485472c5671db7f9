import { randomBytes } from 'node:crypto';
import { type EtcdService, type EtcdServiceInput, etcdServiceResource } from '../api/etcd-service.ts';
import { type Clock, sleep } from '../clock.ts';
import type { VerifyConfig } from '../config/verify-options.ts';
import { labels } from '../endpoints/labels.ts';
import { hasCode, RetryableError } from '../errors.ts';
import { bytesOf } from '../etcd/bytes.ts';
import { EtcdClient } from '../etcd/client/client.ts';
import { keyOf } from '../etcd/key.ts';
import type { Log } from '../etcd/log.ts';
import { Registrar } from '../etcd/registrar/registrar.ts';
import type { RegistrarObserver } from '../etcd/registrar/registrar-types.ts';
import { createKubeClient } from '../kube/client.ts';
import { ENDPOINT_SLICES } from '../kube/resources.ts';
import type { KubeClient } from '../kube/types.ts';
import { packageVersion } from '../version.ts';
import { inTurn } from './in-turn.ts';

/** An address of documentation (RFC 5737): nobody is reached by it. */
const address = '192.0.2.1';
const port = 80;
/** How often it is looked whether Kubernetes has followed. */
const lookEveryMs = 200;
/** How long each part of what was made may take to go. */
const takeApartMs = 15_000;
/** How often a delete is tried where the controller writes the status at the same time. */
const deleteTries = 5;

export interface VerifyDeps {
  readonly clock: Clock;
  /** Told of each step that has come about. */
  readonly say: (line: string) => void;
  /** Aborts where the user has seen enough; what was made is taken away all the same. */
  readonly stop: AbortSignal;
}

interface Rig extends VerifyDeps {
  readonly kube: KubeClient;
  readonly registrar: Registrar;
  /** Why etcd does not do what it is asked. */
  readonly trouble: () => string;
  readonly namespace: string;
  /** Of the EtcdService, and so of its Service. */
  readonly name: string;
  readonly key: string;
  /** Monotonic milliseconds. */
  readonly deadline: number;
}

/**
 * Proves the main job: an EtcdService and a registration are made, the address appears in an EndpointSlice, and goes when the registration is
 * taken back. Rejects with code VERIFY_TIMEOUT, which says what has not come about and what the EtcdService says of itself. Nothing is left behind.
 */
export async function verify(config: VerifyConfig, deps: VerifyDeps): Promise<void> {
  const { clock, say } = deps;
  const kube = createKubeClient(
    { ...config.kubernetes, userAgent: () => `etcd-endpoints/${packageVersion()} (verify)` },
    { clock, log: quiet },
  );
  const etcd = new EtcdClient(config.etcd, { clock, log: quiet });
  let trouble: string | undefined;
  const observer: RegistrarObserver = {
    failing: (error) => {
      trouble = error?.message;
    },
  };
  const registrar = new Registrar(etcd, {}, { clock, log: quiet, observer });
  const name = `verify-${randomBytes(5).toString('hex')}`;
  const rig: Rig = {
    ...deps,
    kube,
    registrar,
    trouble: () => trouble ?? 'it does not answer; is --etcd right?',
    namespace: config.namespace ?? kube.namespace,
    name,
    key: `${config.prefix}/${name}/1`,
    deadline: clock.monotonic() + config.timeoutMs,
  };
  const takeApart = async (): Promise<void> => {
    const late = (what: string) => (): Error => timeout(rig, `${what} within ${takeApartMs} ms`);
    // The EtcdService first: a key that is left behind goes with its lease.
    await inTurn(clock, takeApartMs, [
      { run: () => removeEtcdService(rig), late: late('the EtcdService has not been deleted') },
      { run: () => registrar.close(), late: late(`etcd did not let the key ${rig.key} go`) },
      { run: () => etcd.close(), late: late('the connections to etcd have not been closed') },
      { run: () => kube.close(), late: late('the connections to Kubernetes have not been closed') },
    ]);
  };
  try {
    await makeEtcdService(rig, `${config.prefix}/${name}`);
    await proveBoth(rig);
  } catch (error) {
    // What has not come about matters more than what cannot be taken apart.
    await takeApart().catch(() => undefined);
    throw error;
  }
  await takeApart();
  say('etcd-endpoints works');
}

async function proveBoth(rig: Rig): Promise<void> {
  const { registrar, key, say } = rig;
  await within(
    rig,
    `etcd did not take the key ${key}`,
    registrar.set(keyOf(key), bytesOf(`${address}:${port}`)),
  );
  say(`registered ${address}:${port} as ${key}`);
  await untilShown(rig, true);
  say(`Kubernetes shows it in an EndpointSlice of Service ${rig.namespace}/${rig.name}`);
  await within(rig, `etcd did not let the key ${key} go`, registrar.remove(keyOf(key)));
  await untilShown(rig, false);
  say('taken back, and Kubernetes shows it no more');
}

async function makeEtcdService({ kube, namespace, name, say }: Rig, prefix: string): Promise<void> {
  const spec: EtcdServiceInput = {
    prefix,
    service: { type: 'Headless' },
    ports: [{ port }],
    drainSeconds: 0,
  };
  await kube.create<EtcdService>(etcdServiceResource, {
    apiVersion: `${etcdServiceResource.group}/${etcdServiceResource.version}`,
    kind: etcdServiceResource.kind,
    metadata: { namespace, name },
    spec,
  });
  say(`made EtcdService ${namespace}/${name} for prefix ${prefix}`);
}

/** What it has brought about goes with it, by Kubernetes's garbage collection. */
async function removeEtcdService({ kube, namespace, name }: Rig): Promise<void> {
  for (let tries = 1; ; tries++) {
    const object = await kube.get(etcdServiceResource, name, namespace);
    if (object === undefined) {
      return;
    }
    try {
      await kube.delete(etcdServiceResource, object.metadata);
      return;
    } catch (error) {
      if (!hasCode(error, 'KUBE_CONFLICT') || tries === deleteTries) {
        throw error;
      }
    }
  }
}

async function untilShown(rig: Rig, wanted: boolean): Promise<void> {
  while ((await isShown(rig)) !== wanted) {
    rig.stop.throwIfAborted();
    if (rig.clock.monotonic() > rig.deadline) {
      throw await unseen(rig, `Kubernetes ${wanted ? 'does not show' : 'still shows'} ${address}:${port}`);
    }
    await sleep(rig.clock, lookEveryMs, rig.stop);
  }
}

async function isShown({ kube, namespace, name }: Rig): Promise<boolean> {
  const labelSelector = `${labels.serviceName}=${name}`;
  const slices = await kube.list(ENDPOINT_SLICES, { namespace, labelSelector });
  return slices.some(({ endpoints }) => endpoints?.some(({ addresses }) => addresses.includes(address)));
}

/** Waits for etcd, and no longer than all of it may take. */
async function within(rig: Rig, problem: string, task: Promise<void>): Promise<void> {
  const { clock, deadline, stop, trouble } = rig;
  const done = new AbortController();
  const late = sleep(clock, deadline - clock.monotonic(), AbortSignal.any([stop, done.signal])).then(() => {
    stop.throwIfAborted();
    if (!done.signal.aborted) {
      throw timeout(rig, `${problem} within --timeout: ${trouble()}`);
    }
  });
  try {
    await Promise.race([task, late]);
  } finally {
    done.abort();
  }
}

/** Says what has not come about, and what the controller says of it. */
async function unseen(rig: Rig, problem: string): Promise<RetryableError> {
  const object = await rig.kube.get<EtcdService>(etcdServiceResource, rig.name, rig.namespace);
  const ready = object?.status?.conditions?.find(({ type }) => type === 'Ready');
  const told =
    ready === undefined
      ? 'no controller has said anything of the EtcdService: does one run, does it lead, and does it serve this namespace?'
      : `the EtcdService is Ready ${ready.status} (${ready.reason}): ${ready.message}`;
  return timeout(rig, `${problem} within --timeout: ${told}`);
}

function timeout({ namespace, name }: Rig, message: string): RetryableError {
  return new RetryableError('VERIFY_TIMEOUT', message, { subject: `${namespace}/${name}` });
}

/** Every failure comes as an error that is thrown. */
const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
