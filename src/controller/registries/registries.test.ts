import { describe, expect, it } from 'vitest';
import { etcdRegistry } from '../../../test/kit/etcd-registries.ts';
import { etcdService } from '../../../test/kit/etcd-services.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { MemoryCache } from '../../../test/kit/memory-cache.ts';
import type { EtcdRegistryInput } from '../../api/etcd-registry.ts';
import { parseSpec } from '../../api/parse.ts';
import type { Namespace } from '../../kube/resources.ts';
import { RegistryPool } from '../../registries/pool.ts';
import { Registry } from '../../registries/registry.ts';
import { createLogger } from '../../telemetry/logging.ts';
import { type Asker, Registries, type RegistryUse } from './registries.ts';

const log = createLogger({ level: 'error', format: 'json', replica: 'test' });

const namespaceOf = (name: string, labels: Record<string, string> = {}): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

/** The registry `company` with that spec, which connects to nothing, and the namespaces that the cache holds. */
function setUp(spec: Partial<EtcdRegistryInput>, known: readonly Namespace[] = []) {
  const namespaces = new MemoryCache(known);
  const registries = new Registries({
    objects: new MemoryCache([etcdRegistry('company', spec)]),
    namespaces,
    pool: new RegistryPool((name) => new Registry(name, { clock: new FakeClock(), log })),
    own: undefined,
    ownNamespace: 'etcd-endpoints',
    allowedPrefixes: [],
    guard: undefined,
    serviceAddresses: { version: 1, holds: () => false },
  });
  return { registries, namespaces };
}

function asker(namespace: string, prefix: string): Asker {
  const parsed = parseSpec(etcdService('web', { registryRef: { name: 'company' }, prefix }));
  return { namespace, spec: 'ok' in parsed ? parsed.ok : expect.unreachable() };
}

function granted(use: ReturnType<Registries['of']>): RegistryUse {
  return 'pending' in use ? expect.unreachable(use.pending) : use;
}

describe('what an EtcdService may use of a registry', () => {
  const byLabels = (operator: 'DoesNotExist' | 'NotIn', values?: string[]): Partial<EtcdRegistryInput> => ({
    grants: [
      {
        namespaces: {
          selector: { matchExpressions: [{ key: 'restricted', operator, ...(values && { values }) }] },
        },
        prefixes: ['/'],
      },
    ],
  });

  it.each([
    ['lack a label', byLabels('DoesNotExist')],
    ['have another value', byLabels('NotIn', ['yes'])],
  ])('is not judged by grants for namespaces that %s while its namespace has not been seen', (_, spec) => {
    const { registries, namespaces } = setUp(spec, [namespaceOf('bank')]);
    expect(registries.of(asker('shop', '/web'))).toEqual({
      pending: 'Namespace shop has not been seen yet',
      isFailure: false,
    });

    namespaces.put(namespaceOf('shop', { restricted: 'yes' }));
    expect(() => registries.of(asker('shop', '/web'))).toThrow('has no grant for namespace shop');
    expect(granted(registries.of(asker('bank', '/web'))).name).toBe('company');
  });

  it('is judged without its namespace where grants are by name alone', () => {
    const { registries, namespaces } = setUp({
      grants: [{ namespaces: { names: ['shop'] }, prefixes: ['/'] }],
    });
    expect(granted(registries.of(asker('shop', '/web'))).name).toBe('company');
    expect(namespaces.isStarted).toBe(false);
  });

  it('are no IPv4 addresses where ::/0 is granted', () => {
    const { registries } = setUp({
      grants: [{ namespaces: { names: ['shop'] }, prefixes: ['/'], cidrs: ['::/0'] }],
    });
    const { refuses } = granted(registries.of(asker('shop', '/web'))).rules();
    expect(refuses('10.0.0.5')?.reason).toBe('AddressNotGranted');
    expect(refuses('fd00::5')).toBeUndefined();
  });

  it.each([
    ['/prod', '/services', true],
    ['/prod', 'uction/secret', false],
    ['/prod', '-2/secret', false],
    ['/prod/', 'uction/secret', true],
    ['prod.', 'services', true],
    ['', 'services', true],
  ])('is below whole parts of the root %j: the prefix %j (%s)', (root, prefix, isBelow) => {
    const { registries } = setUp({ root, grants: [{ namespaces: { names: ['shop'] }, prefixes: [''] }] });
    const use = () => registries.of(asker('shop', prefix));
    if (isBelow) {
      expect(granted(use()).root).toBe(root);
    } else {
      expect(use).toThrow('must go on with a slash');
    }
  });
});
