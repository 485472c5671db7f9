import { beforeEach, describe, expect, it } from 'vitest';
import { guardRig, instances, own, Service } from '../../../test/kit/guard-rig.ts';
import type { ServiceLimits } from '../../endpoints/guard/limits.ts';

let { clock, newGuard, registryOf } = guardRig();

beforeEach(() => {
  ({ clock, newGuard, registryOf } = guardRig());
});

describe('the guard of one EtcdService', () => {
  function guarded(count: number, more: Partial<ServiceLimits> = {}): Service {
    const service = new Service(newGuard('off'), 'shop/web', instances(count));
    service.limits = { ...own, ...more };
    service.look();
    return service;
  }

  it('holds more than its part of the ready instances, and is evaluated anew at each change', () => {
    const service = guarded(10);
    const all = service.etcd;
    service.now(all.slice(5));
    expect(service.look().held).toEqual([]);
    service.now(all.slice(6));
    expect(service.look().held).toHaveLength(6);
    service.now([...all.slice(6), ...instances(1)]);
    expect(service.look()).toMatchObject({ held: [], hold: undefined });
  });

  it('holds the last instances where that is asked for, and ends with the first that comes', () => {
    const service = guarded(5, { maxRemovalPercent: 100 });
    service.now([]);
    expect(service.look().held).toHaveLength(5);
    service.now(instances(1));
    expect(service.look().held).toEqual([]);
    const empty = guarded(5, { maxRemovalPercent: 100, holdsLast: false });
    empty.now([]);
    expect(empty.look().held).toEqual([]);
  });

  it('holds nothing of what goes by statement, and compares with what is left of it', () => {
    const service = guarded(10);
    service.now(service.etcd.slice(7), { kind: 'statement' });
    expect(service.look().hold).toBeUndefined();
    service.now(service.etcd.slice(1));
    expect(service.look().hold).toBeUndefined();
  });

  it('is released by its id, and compares with nothing from before then', () => {
    const service = guarded(10);
    service.now(service.etcd.slice(8));
    service.released = service.look().hold?.id;
    expect(service.look()).toMatchObject({ held: [], hold: undefined });
    clock.advance(1000);
    expect(service.look()).toMatchObject({ held: [], hold: undefined });
  });

  it('lets go of what is found dead, and ends when all of it is', () => {
    const service = guarded(10);
    const all = service.etcd;
    service.now(all.slice(6));
    service.look();
    for (const { address } of all.slice(0, 5)) {
      service.guard.dismiss('shop/web', `${address}|`);
    }
    expect(service.look().held).toEqual([all[5]]);
    service.guard.dismiss('shop/web', `${all[5]?.address}|`);
    expect(service.look().hold).toBeUndefined();
  });

  it('puts back what vanished within its window, and nothing from before', () => {
    const service = guarded(10);
    const all = service.etcd;
    service.now(all.slice(2));
    service.look();
    clock.advance(60_001);
    service.now(all.slice(3));
    service.look();
    clock.advance(1000);
    service.now(all.slice(7));
    expect(service.look().held).toEqual(all.slice(2, 7));
  });

  it('holds nothing of what turns unready by statement', () => {
    const service = guarded(10);
    const unready = service.etcd.slice(0, 7).map((endpoint) => ({ ...endpoint, ready: false }));
    service.now([...unready, ...service.etcd.slice(7, 9)]);
    expect(service.look()).toMatchObject({ held: [], hold: undefined });
  });

  it('ends nothing that the guard of the registry holds by then, neither by its time nor by its release', () => {
    const guard = newGuard();
    const [service, other] = registryOf(guard, 8, 30);
    if (service !== undefined) {
      service.limits = { ...own, holdMs: 30_000 };
    }
    service?.now(service.etcd.slice(5));
    const first = service?.look().hold;
    expect(first?.scope).toBe('Service');
    clock.advance(20_000);
    service?.now([]);
    other?.now([]);
    other?.look();
    expect(service?.look().hold?.scope).toBe('Registry');
    clock.advance(11_000);
    expect(service?.look().held).toHaveLength(8);
    if (service !== undefined) {
      service.released = first?.id;
    }
    expect(service?.look().held).toHaveLength(8);
  });

  it('gives way to the guard of the registry', () => {
    const service = new Service(newGuard(), 'shop/web', instances(20));
    service.limits = own;
    service.look();
    service.now(service.etcd.slice(12));
    expect(service.look().hold?.scope).toBe('Registry');
  });
});
