import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AssignContext, type AssignRules, assign } from './assign.ts';
import type { FoundService } from './found-services.ts';

function found(service: string, env = 'prod'): FoundService {
  return { service, values: { env, service }, source: `/services/${env}/${service}/`, keys: 1 };
}

const everywhere: AssignContext = {
  hasNamespace: () => true,
  mayRead: () => true,
  standingSource: () => undefined,
  rival: () => undefined,
};

const toShop: AssignRules = { namespaces: [{ name: 'shop' }] };

function namesOf(services: readonly FoundService[], rules: AssignRules, context = everywhere): string[] {
  return assign(services, rules, context).assigned.map(({ namespace, name }) => `${namespace}/${name}`);
}

function leftOutOf(services: readonly FoundService[], rules: AssignRules, context = everywhere): string[] {
  return assign(services, rules, context).leftOut.map(({ service, why }) => `${service.service} ${why}`);
}

describe('assign', () => {
  it('leaves a name to the other catalog that has it, and says which that is', () => {
    const context: AssignContext = { ...everywhere, rival: () => 'first' };

    expect(assign([found('web')], toShop, context)).toMatchObject({
      assigned: [],
      leftOut: [{ why: 'NameCollision', about: 'shop/web of EtcdCatalog first' }],
    });
  });

  it('says of keys that are too long for an EtcdService that they are, and not that they are not granted', () => {
    const long = found('web', 'x'.repeat(1024));

    expect(leftOutOf([long], toShop, { ...everywhere, mayRead: () => false })).toEqual(['web InvalidName']);
  });

  it('takes the first rule that a service matches', () => {
    const namespaces = [
      { match: { env: 'prod' }, name: 'shop-prod' },
      { match: { env: 'stage' }, name: 'stage-{env}' },
    ];

    expect(namesOf([found('web'), found('web', 'stage')], { namespaces })).toEqual([
      'shop-prod/web',
      'stage-stage/web',
    ]);
  });

  it('leaves out what no rule matches, and what has no namespace to go to', () => {
    const namespaces = [{ match: { env: 'prod' }, name: 'shop' }];
    const context = { ...everywhere, hasNamespace: () => false };

    expect(leftOutOf([found('web', 'test')], { namespaces })).toEqual(['web NoNamespaceRule']);
    expect(leftOutOf([found('web')], { namespaces }, context)).toEqual(['web NamespaceNotFound']);
  });

  it('leaves out what the registry does not grant the namespace', () => {
    expect(leftOutOf([found('web')], toShop, { ...everywhere, mayRead: () => false })).toEqual([
      'web NotGranted',
    ]);
  });

  it('includes what a glob names, and excludes before all', () => {
    const rules = { ...toShop, include: ['web*'], exclude: ['*-test'] };

    expect(namesOf([found('web'), found('web-test'), found('api')], rules)).toEqual(['shop/web']);
  });

  it('leaves out a service of whose name nothing can stand in a name of Kubernetes', () => {
    expect(leftOutOf([found('...')], toShop)).toEqual(['... InvalidName']);
  });

  it('gives one name once, to the service whose keys come first', () => {
    const services = [found('user_rpc'), found('user.rpc')];

    expect(assign(services, toShop, everywhere).assigned).toMatchObject([
      { service: { service: 'user.rpc' } },
    ]);
    expect(leftOutOf(services, toShop)).toEqual(['user_rpc NameCollision']);
  });

  it('does not take a name from the service that has it', () => {
    const context = { ...everywhere, standingSource: () => '/services/prod/user_rpc/' };

    expect(leftOutOf([found('user.rpc'), found('user_rpc')], toShop, context)).toEqual([
      'user.rpc NameCollision',
    ]);
  });

  it('gives the same whatever the order, and loses no service', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'B', '.', '_', '-', '1'),
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.uniqueArray(name), (names) => {
        const services = names.map((one) => found(one));
        const result = assign(services, toShop, everywhere);

        expect(assign(services.toReversed(), toShop, everywhere)).toEqual(result);
        expect(result.assigned.length + result.leftOut.length).toBe(services.length);
        expect(new Set(result.assigned.map((one) => one.name)).size).toBe(result.assigned.length);
      }),
    );
  });
});
