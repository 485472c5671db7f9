import { describe, expect, it } from 'vitest';
import { etcdServiceResource } from '../api/etcd-service.ts';
import { statusError, transportError } from './call-error.ts';
import { ENDPOINT_SLICES, SERVICES } from './resources.ts';

const write = { verb: 'update', resource: ENDPOINT_SLICES, namespace: 'shop', name: 'web-1' } as const;

describe('statusError', () => {
  it('says which verb to grant on what and where', () => {
    const { message, code } = statusError(write, 403, {
      message: 'endpointslices.discovery.k8s.io "web-1" is forbidden: User "x" cannot update resource',
    });
    expect(code).toBe('KUBE_FORBIDDEN');
    expect(message).toContain('grant verb "update" on "endpointslices.discovery.k8s.io" in namespace shop');
  });

  it('names the verb and the resource that the apiserver misses, where it says so itself', () => {
    const apply = { verb: 'patch', resource: SERVICES, namespace: 'shop', name: 'web' } as const;
    const said = (missed: string): string =>
      `services "web" is forbidden: User "x" cannot ${missed} in the namespace "shop"`;
    const create = statusError(apply, 403, { message: said('create resource "services" in API group ""') });
    expect(create.message).toContain('grant verb "create" on "services" in namespace shop');
    const other = 'update resource "etcdservices/finalizers" in API group "etcd-endpoints.io"';
    expect(statusError(apply, 403, { message: said(other) }).message).toContain(
      'grant verb "update" on "etcdservices.etcd-endpoints.io/finalizers" in namespace shop',
    );
  });

  it('asks for create where an old server says nothing of what apply lacks', () => {
    const { message } = statusError({ ...write, verb: 'patch' }, 403, {
      message: 'endpointslices.discovery.k8s.io "web-1" is forbidden: ',
    });
    expect(message).toContain('grant verb "create" on "endpointslices.discovery.k8s.io" in namespace shop');
  });

  it('tells a field that the apiserver is too old for from an apiserver in trouble', () => {
    const message =
      'failed to create typed patch object: .spec.trafficDistribution: field not declared in schema';
    expect(statusError(write, 500, { message }).code).toBe('KUBE_UNKNOWN_FIELD');
    expect(statusError(write, 400, { message }).code).toBe('KUBE_UNKNOWN_FIELD');
  });

  it('names the subresource and the whole cluster', () => {
    const call = { verb: 'list', resource: etcdServiceResource, subresource: 'status' } as const;
    const { message } = statusError(call, 403, {});
    expect(message).toContain(
      'grant verb "list" on "etcdservices.etcd-endpoints.io/status" in the whole cluster',
    );
  });

  it('asks for the CRD where a resource is not served', () => {
    const { code, message } = statusError({ verb: 'list', resource: etcdServiceResource }, 404, undefined);
    expect(code).toBe('KUBE_NOT_SERVED');
    expect(message).toBe(
      'list etcdservices: the apiserver does not serve etcdservices.etcd-endpoints.io in version v1alpha1: is its CRD installed?',
    );
  });

  it('names at most five causes', () => {
    const causes = Array.from({ length: 8 }, (_, at) => ({ field: `f${at}`, reason: 'FieldValueRequired' }));
    const { message } = statusError(write, 422, { details: { causes } });
    expect(message).toContain('f4 (FieldValueRequired) and 3 more');
    expect(message).not.toContain('f5');
  });

  it.each([null, 'text', 7, [], { details: null }, { details: { causes: 3 } }])(
    'takes %j for an answer',
    (body) => {
      expect(statusError(write, 500, body).code).toBe('KUBE_UNAVAILABLE');
    },
  );
});

describe('transportError', () => {
  it('names what failed where the error says nothing itself', () => {
    const error = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    expect(transportError(write, error).message).toBe('update EndpointSlice shop/web-1: ECONNREFUSED');
  });
});
