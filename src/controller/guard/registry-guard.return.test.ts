import { beforeEach, describe, expect, it } from 'vitest';
import { guardRig, instances, Service } from '../../../test/kit/guard-rig.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { RegistryGuard } from './registry-guard.ts';

let rig = guardRig();
let { clock, looked, confirmed, newGuard, registryOf } = rig;

beforeEach(() => {
  rig = guardRig();
  ({ clock, looked, confirmed, newGuard, registryOf } = rig);
});

describe('the guard of a registry that was away', () => {
  /** It loses the connection, and has it again after that time. */
  function leave(guard: RegistryGuard, forMs: number): void {
    rig.connection = {
      ...rig.connection,
      connected: false,
      since: clock.now(),
      sinceMonotonic: clock.monotonic(),
    };
    guard.during(1);
    clock.advance(forMs);
  }
  function comeBack(guard: RegistryGuard): void {
    rig.connection = {
      ...rig.connection,
      connected: true,
      since: clock.now(),
      sinceMonotonic: clock.monotonic(),
    };
    guard.during(1);
  }
  /** The range of this EtcdService is listed anew, with that in it. */
  function list(service: Service | undefined, etcd: DesiredEndpoint[]): void {
    clock.advance(1);
    if (service !== undefined) {
      service.listedAt = clock.monotonic();
      service.confirmedAt = service.listedAt;
      service.now(etcd);
    }
  }

  it('lets nothing go before every EtcdService has been listed or compared again, one after the other', () => {
    const guard = newGuard();
    const services = registryOf(guard, ...Array.from({ length: 30 }, () => 3));
    leave(guard, 1000);
    comeBack(guard);
    for (const service of services) {
      list(service, []);
      service.look();
      expect(service.published).toHaveLength(3);
    }
    expect(services.at(-1)?.look().hold).toMatchObject({ loss: { lost: 90, stood: 90 } });
    expect(new Set(looked).size).toBe(30);
  });

  it('lets nothing go before that where a list alone has brought what vanished, and has the others compared', () => {
    const services = registryOf(newGuard(), ...Array.from({ length: 30 }, () => 3));
    list(services[0], []);
    expect(services[0]?.look()).toMatchObject({ isFinal: false, lookAgainMs: 1000 });
    expect(confirmed).toHaveLength(29);
    for (const service of services.slice(1)) {
      list(service, []);
      service.look();
      expect(service.published).toHaveLength(3);
    }
    expect(services[0]?.look().hold).toMatchObject({ loss: { lost: 90, stood: 90 } });
  });

  it('has an EtcdService compared also where it comes to be judged only after the return', () => {
    rig.objects = [{ key: 'shop/late', shown: undefined }];
    const guard = newGuard();
    leave(guard, 1000);
    comeBack(guard);
    const late = new Service(guard, 'shop/late', instances(3), confirmed);
    late.look();
    expect(confirmed).toEqual(['shop/late']);
    late.now([]);
    expect(late.look().isFinal).toBe(false);
    expect(confirmed, 'it is asked for once').toEqual(['shop/late']);
    late.confirmedAt = clock.monotonic();
    expect(late.look()).toMatchObject({ isFinal: true, held: [] });
  });

  it('publishes what has gone as soon as the others are found to be as they were, or after half a minute', () => {
    const guard = newGuard();
    const [gone, same] = registryOf(guard, 3, 30);
    list(gone, []);
    expect(gone?.look().held).toHaveLength(3);
    if (same !== undefined) {
      same.confirmedAt = clock.monotonic();
    }
    same?.look();
    expect(looked).toEqual(['shop/s0']);
    expect(gone?.look()).toMatchObject({ held: [], isFinal: true });

    list(same, same?.etcd.slice(1) ?? []);
    expect(same?.look().held).toHaveLength(1);
    clock.advance(30_000);
    expect(same?.look()).toMatchObject({ held: [], isFinal: true });
  });

  it('brings nothing back for the question alone that is asked when it returns, but what a hold holds', () => {
    const guard = newGuard();
    const [service] = registryOf(guard, 20);
    leave(guard, 1000);
    comeBack(guard);
    service?.now(service.etcd.slice(1));
    expect(service?.look()).toMatchObject({ isFinal: false, comesBack: false });
    list(service, []);
    expect(service?.look()).toMatchObject({ isFinal: true, comesBack: true });

    leave(guard, 1000);
    comeBack(guard);
    expect(service?.look()).toMatchObject({ isFinal: false, comesBack: true });
  });

  it('ends no hold while it is away, nor within a minute of its return', () => {
    const guard = newGuard();
    const [service] = registryOf(guard, 20);
    service?.now([]);
    const before = service?.look().hold;
    leave(guard, 400_000);
    expect(service?.look()).toMatchObject({ hold: { id: before?.id }, lookAgainMs: 5000 });
    comeBack(guard);
    const back = clock.now();
    list(service, []);
    expect(service?.look().hold).toMatchObject({ id: before?.id, until: back + 60_000 });
    clock.advance(60_000);
    expect(service?.look()).toMatchObject({ held: [], hold: undefined });
  });
});
