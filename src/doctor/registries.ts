import type { EtcdRegistry, EtcdRegistrySpec } from '../api/etcd-registry.ts';
import { parseRegistrySpec, problemsText } from '../api/parse.ts';
import type { Clock } from '../clock.ts';
import { hasCode, messageOf } from '../errors.ts';
import type { EtcdOptions } from '../etcd/options.ts';
import { SECRETS, type Secret } from '../kube/resources.ts';
import type { KubeReader } from '../kube/types.ts';
import { etcdOptionsOf } from '../registries/credentials.ts';
import { type Finding, ok, problem, skipped } from './finding.ts';

/** An EtcdRegistry as far as it can be connected to. */
export interface OpenedRegistry {
  readonly name: string;
  readonly finding: Finding;
  /** Both undefined where it cannot. */
  readonly options: EtcdOptions | undefined;
  readonly root: string;
}

export interface RegistryDeps {
  readonly client: Pick<KubeReader, 'get'>;
  readonly ownNamespace: string;
  readonly limits: Partial<EtcdOptions>;
  readonly clock: Clock;
}

/** Reads what the EtcdRegistry names, as the controller would. Never rejects. */
export async function openRegistry(object: EtcdRegistry, deps: RegistryDeps): Promise<OpenedRegistry> {
  const { name } = object.metadata;
  const unopened = (finding: Finding): OpenedRegistry => ({ name, finding, options: undefined, root: '' });
  const parsed = parseRegistrySpec(object);
  if ('problems' in parsed) {
    const message = `EtcdRegistry ${name} is not valid: ${problemsText(parsed.problems)}`;
    return unopened(problem('Registry', message, 'correct its spec'));
  }
  const spec = parsed.ok;
  try {
    const secrets = await secretsOf(spec, deps);
    const secret = (wanted: string): Secret => {
      const found = secrets.get(wanted);
      if (found === undefined) {
        throw new Error(`there is no Secret ${wanted} in namespace ${deps.ownNamespace}`);
      }
      return found;
    };
    const options = etcdOptionsOf({ registry: name, spec, secret, now: deps.clock.now() });
    return {
      name,
      finding: ok('Registry', `EtcdRegistry ${name} is complete`),
      options: { ...options, ...deps.limits },
      root: spec.root,
    };
  } catch (error) {
    const message = `EtcdRegistry ${name}: ${messageOf(error)}`;
    return unopened(
      hasCode(error, 'KUBE_FORBIDDEN')
        ? skipped('Registry', message)
        : problem('Registry', message, 'see docs/registries.md for what its Secrets hold'),
    );
  }
}

async function secretsOf(
  { tls, userSecretRef }: EtcdRegistrySpec,
  { client, ownNamespace }: RegistryDeps,
): Promise<ReadonlyMap<string, Secret>> {
  const named = [tls?.caSecretRef, tls?.certificateSecretRef, userSecretRef].flatMap(
    (ref) => ref?.name ?? [],
  );
  const secrets = new Map<string, Secret>();
  for (const name of new Set(named)) {
    const found = await client.get(SECRETS, name, ownNamespace);
    if (found !== undefined) {
      secrets.set(name, found);
    }
  }
  return secrets;
}
