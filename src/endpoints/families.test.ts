import { describe, expect, it } from 'vitest';
import type { Service, ServiceSpec } from '../kube/resources.ts';
import { familiesOf } from './families.ts';
import { planService, type ServiceWish } from './plan-service.ts';

const service = (spec: ServiceSpec): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec,
});

describe('the families of a Service', () => {
  it.each<[string, Service | undefined, string[]]>([
    ['are those that it names', service({ ipFamilies: ['IPv6', 'IPv4'] }), ['IPv6', 'IPv4']],
    ['are that of its cluster IP on a server that names none', service({ clusterIP: 'fd00::1' }), ['IPv6']],
    [
      'may be either where a headless Service of such a server tells nothing',
      service({ clusterIP: 'None' }),
      ['IPv4', 'IPv6'],
    ],
    ['may be either while there is no Service', undefined, ['IPv4', 'IPv6']],
  ])('%s', (_, given, families) => {
    expect(familiesOf(given)).toEqual(families);
  });
});

const wish: ServiceWish = {
  namespace: 'shop',
  name: 'web',
  etcdService: 'web',
  headless: false,
  ports: [],
  ipFamilyPolicy: 'PreferDualStack',
  ipFamilies: ['IPv6'],
  labels: {},
  annotations: {},
  ownerReferences: [],
  isAdopted: false,
};

/** The Service that has been applied, with what the server made of the spec. */
function applied(made: ServiceSpec): Service {
  const planned = planService(wish, undefined);
  if (planned === undefined) {
    throw new Error('nothing is planned');
  }
  const { ipFamilies: _, ipFamilyPolicy: __, ...rest } = planned.spec ?? {};
  return { ...planned, spec: { ...rest, ...made } };
}

describe('the plan for the families of a Service', () => {
  it('asks for what the spec asks for', () => {
    expect(planService(wish, undefined)?.spec).toMatchObject({
      ipFamilyPolicy: 'PreferDualStack',
      ipFamilies: ['IPv6'],
    });
  });

  it('does not take away the family that Kubernetes has added', () => {
    const existing = applied({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] });
    expect(planService(wish, existing)).toBeUndefined();
  });

  it('does not fight with a server that drops what it does not know', () => {
    expect(planService(wish, applied({}))).toBeUndefined();
  });

  it('takes back what somebody has changed', () => {
    const existing = applied({ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] });
    expect(planService(wish, existing)).toBeDefined();
    const both = { ...wish, ipFamilies: ['IPv6', 'IPv4'] } as const;
    expect(
      planService(both, applied({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6'] })),
    ).toBeDefined();
  });
});
