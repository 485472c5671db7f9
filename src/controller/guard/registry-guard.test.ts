import { beforeEach, describe, expect, it } from 'vitest';
import { turns } from '../../../test/kit/fake-clock.ts';
import { guardRig, instances, Service } from '../../../test/kit/guard-rig.ts';
import type { Hold } from '../../endpoints/guard/hold.ts';

let { clock, living, asked, looked, newGuard, registryOf } = guardRig();

beforeEach(() => {
  ({ clock, living, asked, looked, newGuard, registryOf } = guardRig());
});

describe('the guard of a registry', () => {
  it('holds all that vanishes once too much has, and counts before anything is published', () => {
    const services = registryOf(newGuard(), ...Array.from({ length: 30 }, () => 3));
    for (const service of services) {
      service.now([]);
    }
    for (const service of services) {
      expect(service.look().held).toHaveLength(3);
    }
    expect(new Set(services.map(({ shown }) => shown?.id)).size).toBe(1);
    expect(services[0]?.shown).toMatchObject({ scope: 'Registry', loss: { lost: 90, stood: 90 } });
  });

  it('puts back what has gone shortly before, since leases expire one after the other', () => {
    const [first, second, third] = registryOf(newGuard(), 4, 10, 20);
    first?.now([]);
    expect(first?.look().held).toEqual([]);
    clock.advance(5000);
    second?.now([]);
    expect(second?.look().held).toHaveLength(10);
    expect(looked).toEqual(['shop/s0', 'shop/s1']);
    expect(first?.look().held).toHaveLength(4);
    third?.now(third.etcd.slice(1));
    expect(third?.look().held).toHaveLength(1);
  });

  it('does not hold what vanishes slowly', () => {
    const [service] = registryOf(newGuard(), 20);
    for (let left = 19; left > 0; left -= 1) {
      clock.advance(20_000);
      service?.now(service.etcd.slice(0, left));
      expect(service?.look().hold).toBeUndefined();
    }
  });

  it('lets additions pass, lets go of what comes back, and ends when all has', () => {
    const [service, other] = registryOf(newGuard(), 12, 1);
    const all = service?.etcd ?? [];
    const added = instances(2);
    service?.now([]);
    service?.look();
    service?.now([...all.slice(0, 5), ...added]);
    expect(service?.look().held).toEqual(all.slice(5));
    service?.now([...all, ...added]);
    expect(service?.look().hold).toBeUndefined();
    other?.now([]);
    expect(other?.look().hold).toBeUndefined();
  });

  it('publishes the truth when its time is over, to everybody at once, and holds that no more', () => {
    const services = registryOf(newGuard(), 6, 6);
    for (const service of services) {
      service.now([]);
    }
    expect(services[0]?.look().lookAgainMs).toBe(300_000);
    services[1]?.look();
    clock.advance(300_000);
    for (const service of services) {
      expect(service.look()).toMatchObject({ held: [], hold: undefined });
    }
  });

  it('is released for one EtcdService alone, and only from that hold', () => {
    const [released, kept] = registryOf(newGuard(), 20, 20);
    released?.now([]);
    kept?.now([]);
    released?.look();
    kept?.look();
    if (released !== undefined) {
      released.released = released.shown?.id;
    }
    expect(released?.look().held).toEqual([]);
    expect(kept?.look().held).toHaveLength(20);

    clock.advance(300_000);
    const before = kept?.shown?.id;
    released?.look();
    kept?.look();
    released?.now(instances(20));
    kept?.now(instances(20));
    released?.look();
    kept?.look();
    released?.now([]);
    expect(released?.look().held).toHaveLength(20);
    expect(released?.shown?.id).not.toBe(before);
  });

  it('asks for leases only when a hold would begin, and takes a key that was deleted under a living one as a statement', async () => {
    const [service] = registryOf(newGuard(), 20);
    const all = service?.etcd ?? [];
    living.add('7');
    service?.now(all.slice(5), { kind: 'loss', lease: '7' });
    expect(service?.look().held).toEqual([]);
    expect(asked).toEqual([]);

    service?.now(all.slice(12), { kind: 'loss', lease: '7' });
    expect(service?.look()).toMatchObject({ isFinal: false, hold: undefined, held: all.slice(0, 12) });
    await turns();
    expect(asked).toEqual(['7']);
    expect(looked).toEqual(['shop/s0']);
    expect(service?.look()).toMatchObject({ isFinal: true, held: [], hold: undefined });
  });

  it('holds what vanished under a dead lease, and asks for it once', async () => {
    const [service] = registryOf(newGuard(), 20);
    service?.now([], { kind: 'loss', lease: '8' });
    service?.look();
    service?.look();
    await turns();
    expect(service?.look().held).toHaveLength(20);
    expect(asked).toEqual(['8']);
  });

  it('lets go during a hold, too, of what somebody deletes whose lease lives', async () => {
    const [lost, stated] = registryOf(newGuard(), 20, 20);
    lost?.now([]);
    lost?.look();
    living.add('7');
    stated?.now(stated.etcd.slice(5), { kind: 'loss', lease: '7' });
    expect(stated?.look().held).toHaveLength(5);
    await turns();
    expect(looked).toContain('shop/s1');
    expect(stated?.look().held).toEqual([]);
    expect(lost?.look().held).toHaveLength(20);
  });

  it('takes no answer about the lease of an earlier loss for a later one', async () => {
    const [service] = registryOf(newGuard(), 20);
    const all = service?.etcd ?? [];
    living.add('7');
    service?.now([], { kind: 'loss', lease: '7' });
    service?.look();
    service?.now(all);
    service?.look();
    service?.now([], { kind: 'loss', lease: '8' });
    service?.look();
    await turns();
    service?.look();
    await turns();
    expect(asked).toEqual(['7', '8']);
    expect(service?.look().held).toHaveLength(20);
  });

  it('counts an instance once that several EtcdServices publish', () => {
    const guard = newGuard();
    const shared = instances(3);
    const services = Array.from({ length: 10 }, (_, index) => new Service(guard, `shop/s${index}`, shared));
    for (const service of services) {
      service.look();
    }
    for (const service of services) {
      service.now(shared.slice(1));
    }
    for (const service of services) {
      expect(service.look()).toMatchObject({ held: [], hold: undefined });
    }
  });

  it('goes on with its hold where an EtcdService was left out meanwhile, and nothing else is missing', () => {
    const guard = newGuard();
    const [lost, other] = registryOf(guard, 20, 5);
    lost?.now([]);
    const hold = lost?.look().hold;
    guard.leaveOut('shop/s0');
    other?.look();
    expect(lost?.look()).toMatchObject({ hold: { id: hold?.id, until: hold?.until } });
    expect(lost?.published).toHaveLength(20);
    expect(guard.isNews(hold as Hold)).toBe(false);
  });

  it('goes on with its hold while the EtcdService that it holds for is paused', () => {
    const guard = newGuard();
    const [lost, other] = registryOf(guard, 20, 5);
    lost?.now([]);
    lost?.look();
    guard.passOver('shop/s0');
    other?.look();
    expect(lost?.look().held).toHaveLength(20);
  });

  it('judges anew what has vanished shortly before the end of a hold', () => {
    const [early, late] = registryOf(newGuard(), 20, 20);
    early?.now([]);
    const first = early?.look().hold;
    clock.advance(290_000);
    late?.now([]);
    expect(late?.look().hold?.id).toBe(first?.id);
    clock.advance(10_000);
    expect(early?.look()).toMatchObject({ held: [], hold: undefined });
    const second = late?.look();
    expect(second?.held).toHaveLength(20);
    expect(second?.hold).toMatchObject({ loss: { lost: 20, stood: 20 } });
    expect(second?.hold?.id).not.toBe(first?.id);
  });

  it('holds nothing where it is off', () => {
    const guard = newGuard('off');
    const [service] = registryOf(guard, 20);
    service?.now([]);
    expect(service?.look().held).toEqual([]);
  });

  it('counts nothing of an EtcdService that is left out', () => {
    const guard = newGuard();
    const [one, two] = registryOf(guard, 9, 9);
    one?.now([]);
    two?.now([]);
    guard.leaveOut('shop/s0');
    expect(two?.look().hold).toBeUndefined();
  });
});
