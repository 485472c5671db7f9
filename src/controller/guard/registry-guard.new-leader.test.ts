import { beforeEach, describe, expect, it } from 'vitest';
import { guardRig, instances, own, Service } from '../../../test/kit/guard-rig.ts';
import type { Hold } from '../../endpoints/guard/hold.ts';

let rig = guardRig();
let { clock, looked, newGuard, registryOf } = rig;

beforeEach(() => {
  rig = guardRig();
  ({ clock, looked, newGuard, registryOf } = rig);
});

describe('the guard of a new leader', () => {
  /** What the next leader finds: published, shown and in etcd as before. */
  function takeOver(services: readonly Service[], term = 2): void {
    rig.objects = services.map(({ name, shown }) => ({ key: name, shown }));
    for (const service of services) {
      service.guard.during(term);
    }
  }

  it('lets nothing go before every EtcdService has been looked at', () => {
    const services = registryOf(newGuard(), 8, 8);
    takeOver(services);
    for (const service of services) {
      service.now([]);
    }
    expect(services[0]?.look()).toMatchObject({ isFinal: false, hold: undefined });
    expect(services[0]?.published).toHaveLength(8);
    expect(services[1]?.look().hold).toBeDefined();
    expect(looked).toContain('shop/s0');
    expect(services[0]?.look().hold?.id).toBe(services[1]?.shown?.id);
  });

  it('waits for the others no longer than half a minute', () => {
    const [service, other] = registryOf(newGuard(), 8, 8);
    takeOver([service, other].filter((one) => one !== undefined));
    service?.now([]);
    expect(service?.look().lookAgainMs).toBe(1000);
    clock.advance(30_000);
    expect(service?.look()).toMatchObject({ isFinal: true, held: [] });
  });

  it('goes on with a hold: the same id, the same start, the same end', () => {
    const services = registryOf(newGuard(), 20, 5);
    for (const service of services) {
      service.now([]);
      service.look();
    }
    const [hold] = services.map(({ shown }) => shown);
    clock.advance(100_000);
    takeOver(services);
    for (const service of services) {
      service.look();
    }
    expect(services.map((service) => service.look().hold)).toMatchObject([
      { id: hold?.id, startedAt: hold?.startedAt },
      { id: hold?.id, startedAt: hold?.startedAt },
    ]);
    expect(services[0]?.look().lookAgainMs).toBe(200_000);
    expect(services[0]?.guard.isNews(services[0].look().hold as Hold)).toBe(false);
  });

  it('publishes the truth where the hold is over, and begins none for what it has held', () => {
    const services = registryOf(newGuard(), 20, 5);
    for (const service of services) {
      service.now([]);
      service.look();
    }
    clock.advance(300_000);
    takeOver(services);
    for (const service of services) {
      service.look();
    }
    expect(services.map(({ published }) => published.length)).toEqual([0, 0]);
    expect(services.map(({ shown }) => shown)).toEqual([undefined, undefined]);
  });

  it('begins one where more vanished while nobody led than a hold has held that is over', () => {
    const [service] = registryOf(newGuard(), 40);
    service?.now(service.etcd.slice(13));
    service?.look();
    clock.advance(301_000);
    if (service !== undefined) {
      service.etcd = [];
      takeOver([service]);
    }
    expect(service?.look().held).toHaveLength(40);
  });

  it('ends no hold before it has looked at every EtcdService, and judges anew what vanished while nobody led', () => {
    const [held, lost, unseen] = registryOf(newGuard(), 20, 30, 1);
    held?.now([]);
    const hold = held?.look().hold;
    lost?.look();
    unseen?.look();
    clock.advance(295_000);
    takeOver([held, lost, unseen].filter((one) => one !== undefined));
    lost?.now([]);
    lost?.look();
    held?.look();
    clock.advance(6000);
    expect([lost?.look(), held?.look()].map((verdict) => verdict?.held.length)).toEqual([30, 20]);
    unseen?.look();
    expect(held?.look().held).toEqual([]);
    const anew = lost?.look();
    expect(anew?.held).toHaveLength(30);
    expect(anew?.hold?.id).not.toBe(hold?.id);
  });

  it('reads the latest hold that lasts, whatever ended one another status shows', () => {
    const [service, other] = registryOf(newGuard(), 20, 5);
    service?.now([]);
    const hold = service?.look().hold as Hold;
    other?.look();
    const ended = {
      ...hold,
      id: 'zzzzzz',
      startedAt: clock.now() + 1000,
      until: clock.now() - 1000,
      held: 5,
    };
    if (other !== undefined) {
      other.shown = ended;
    }
    takeOver([service, other].filter((one) => one !== undefined));
    other?.look();
    service?.look();
    expect(service?.look().hold?.id).toBe(hold.id);
  });

  it('begins none for what was published before', () => {
    const services = registryOf(newGuard(), 20, 5);
    for (const service of services) {
      service.now([], { kind: 'statement' });
      service.look();
    }
    takeOver(services);
    for (const service of services) {
      expect(service.look().hold).toBeUndefined();
    }
  });

  it('goes on with the hold of one EtcdService, too', () => {
    const guard = newGuard('off');
    const service = new Service(guard, 'shop/web', instances(10));
    service.limits = own;
    service.look();
    service.now([]);
    const hold = service.look().hold;
    expect(hold?.scope).toBe('Service');
    clock.advance(40_000);
    takeOver([service]);
    expect(service.look()).toMatchObject({ hold: { id: hold?.id }, lookAgainMs: 60_000 });
    clock.advance(60_000);
    expect(service.look()).toMatchObject({ held: [], hold: undefined });
  });
});
