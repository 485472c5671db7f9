import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import { desiredEndpoints } from '../../endpoints/desired.ts';
import type { Cause } from '../../endpoints/guard/account.ts';
import type { Hold, ShownHold } from '../../endpoints/guard/hold.ts';
import type { RegistryLimits, ServiceLimits } from '../../endpoints/guard/limits.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { Connection } from '../../etcd/types.ts';
import type { GuardedObject, GuardRequest, Verdict } from './guard-types.ts';
import { RegistryGuard } from './registry-guard.ts';

const limits: RegistryLimits = {
  maxRemovalPercent: 30,
  ignoreBelow: 10,
  windowMs: 60_000,
  holdMs: 300_000,
};
const own: ServiceLimits = {
  maxRemovalPercent: 50,
  ignoreBelow: 5,
  windowMs: 60_000,
  holdMs: 100_000,
  holdsLast: true,
};

let clock: FakeClock;
let living: Set<string>;
let asked: string[];
let looked: string[];
let confirmed: string[];
let connection: Connection;
let objects: GuardedObject[];
let seed: number;

beforeEach(() => {
  clock = new FakeClock();
  living = new Set();
  asked = [];
  looked = [];
  confirmed = [];
  connection = { connected: true, since: 0, sinceMonotonic: 0, error: undefined };
  objects = [];
  seed = 0;
});

function newGuard(registry: RegistryLimits | 'off' = limits): RegistryGuard {
  const guard = new RegistryGuard({
    source: {
      leaseLives: async (lease) => {
        asked.push(lease);
        return living.has(lease);
      },
    },
    connection: () => connection,
    limits: registry === 'off' ? undefined : registry,
    clock,
    random: () => {
      seed += 1;
      return (seed % 97) / 97;
    },
    services: () => objects,
    changed: (key) => looked.push(key),
  });
  guard.during(1);
  return guard;
}

/** One EtcdService, as etcd has it and as it is published after each look. */
class Service {
  readonly name: string;
  etcd: DesiredEndpoint[];
  published: readonly DesiredEndpoint[];
  shown: ShownHold | undefined;
  released: string | undefined;
  limits: ServiceLimits | undefined;
  cause: Cause = { kind: 'loss' };
  listedAt = 0;
  confirmedAt = 0;
  guard: RegistryGuard;
  #desired = desiredEndpoints([], { headless: false, zoneHints: false });

  constructor(guard: RegistryGuard, name: string, published: DesiredEndpoint[]) {
    this.guard = guard;
    this.name = name;
    this.etcd = published;
    this.published = published;
  }

  /** The mirror tells that only these are left, or come. */
  now(etcd: DesiredEndpoint[], cause: Cause = { kind: 'loss' }): void {
    this.etcd = etcd;
    this.cause = cause;
    this.guard.touch(this.name);
  }

  look(): Verdict {
    const verdict = this.guard.judge(this.name, this.#request());
    this.published = [...verdict.desired.endpoints, ...verdict.held];
    if (verdict.isFinal) {
      this.shown = verdict.hold && { ...verdict.hold, held: verdict.held.length };
    }
    return verdict;
  }

  #request(): GuardRequest {
    return {
      subject: {
        isSynced: true,
        desired: () => {
          this.#desired = { ...this.#desired, endpoints: this.etcd };
          return this.#desired;
        },
        causes: () => () => this.cause,
        accounted: () => undefined,
        listedAt: this.listedAt,
        isConfirmedSince: (since) => this.confirmedAt >= since,
        confirm: () => confirmed.push(this.name),
      },
      limits: this.limits,
      published: () => this.published,
      shown: this.shown,
      released: this.released,
    };
  }
}

let next = 0;
function instances(count: number): DesiredEndpoint[] {
  return Array.from({ length: count }, () => {
    next += 1;
    const address = `10.${next >> 16}.${(next >> 8) & 255}.${next & 255}`;
    return { address, ports: [], ready: true };
  });
}

/** A registry of services with so many instances each, all looked at. */
function registryOf(guard: RegistryGuard, ...counts: readonly number[]): Service[] {
  const services = counts.map((count, index) => new Service(guard, `shop/s${index}`, instances(count)));
  for (const service of services) {
    service.look();
  }
  return services;
}

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

describe('the guard of a registry that was away', () => {
  /** It loses the connection, and has it again after that time. */
  function leave(guard: RegistryGuard, forMs: number): void {
    connection = { ...connection, connected: false, since: clock.now(), sinceMonotonic: clock.monotonic() };
    guard.during(1);
    clock.advance(forMs);
  }
  function comeBack(guard: RegistryGuard): void {
    connection = { ...connection, connected: true, since: clock.now(), sinceMonotonic: clock.monotonic() };
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

describe('the guard of a new leader', () => {
  /** What the next leader finds: published, shown and in etcd as before. */
  function takeOver(services: readonly Service[], term = 2): void {
    objects = services.map(({ name, shown }) => ({ key: name, shown }));
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
