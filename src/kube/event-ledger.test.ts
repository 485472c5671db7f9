import { describe, expect, it } from 'vitest';
import { EventLedger, type LedgerEntry, type LedgerTime } from './event-ledger.ts';
import type { KubeObject } from './types.ts';

const MINUTE = 60_000;

function objectNamed(name: string): KubeObject {
  return {
    apiVersion: 'etcd-endpoints.io/v1alpha1',
    kind: 'EtcdService',
    metadata: { name, namespace: 'shop', uid: name },
  };
}

function at(milliseconds: number): LedgerTime {
  return { now: 1_000_000 + milliseconds, monotonic: milliseconds };
}

function takeAll(ledger: EventLedger, time: LedgerTime): LedgerEntry[] {
  const taken: LedgerEntry[] = [];
  for (let entry = ledger.take(time); entry !== undefined; entry = ledger.take(time)) {
    taken.push(entry);
  }
  return taken;
}

const rejected = (message: string) =>
  ({ type: 'Warning', reason: 'RegistrationsRejected', message }) as const;

describe('EventLedger', () => {
  it('counts repeats within ten minutes in one Event, with the latest message', () => {
    const ledger = new EventLedger(() => 0.5);
    const web = objectNamed('web');
    ledger.note(web, rejected('1 registration'), at(0));
    const [first] = takeAll(ledger, at(0));
    ledger.note(web, rejected('2 registrations'), at(9 * MINUTE));
    ledger.note(web, rejected('3 registrations'), at(18 * MINUTE));
    const again = takeAll(ledger, at(18 * MINUTE));
    expect(again).toEqual([first]);
    expect(first).toMatchObject({ count: 3, message: '3 registrations', firstAt: 1_000_000 });
    expect(first?.lastAt).toBe(1_000_000 + 18 * MINUTE);
  });

  it('begins a new Event ten minutes after the last repeat', () => {
    let random = 0.1;
    const ledger = new EventLedger(() => {
      random += 0.1;
      return random;
    });
    ledger.note(objectNamed('web'), rejected('x'), at(0));
    ledger.note(objectNamed('web'), rejected('x'), at(10 * MINUTE));
    const taken = takeAll(ledger, at(10 * MINUTE));
    expect(taken.map(({ count }) => count)).toEqual([1, 1]);
    expect(new Set(taken.map(({ name }) => name)).size).toBe(2);
  });

  it('keeps objects, types and reasons apart', () => {
    const ledger = new EventLedger(() => 0.5);
    ledger.note(objectNamed('web'), rejected('x'), at(0));
    ledger.note(objectNamed('api'), rejected('x'), at(0));
    ledger.note(objectNamed('web'), { ...rejected('x'), type: 'Normal' }, at(0));
    ledger.note(objectNamed('web'), { ...rejected('x'), reason: 'PortsMissing' }, at(0));
    expect(takeAll(ledger, at(0))).toHaveLength(4);
  });

  it('lets one object cost 25 writes at once and one more every five minutes, others unharmed', () => {
    const ledger = new EventLedger(() => 0.5);
    const writesUntil = (milliseconds: number): number => {
      let writes = 0;
      for (let repeat = 0; repeat < 100; repeat += 1) {
        ledger.note(objectNamed('noisy'), rejected(`${repeat}`), at(milliseconds));
        writes += takeAll(ledger, at(milliseconds)).length;
      }
      return writes;
    };
    expect(writesUntil(0)).toBe(25);
    expect(writesUntil(4 * MINUTE)).toBe(0);
    ledger.note(objectNamed('quiet'), rejected('x'), at(4 * MINUTE));
    expect(takeAll(ledger, at(4 * MINUTE)).map(({ about }) => about.metadata.name)).toEqual(['quiet']);
    expect(writesUntil(5 * MINUTE)).toBe(1);
  });

  it('forgets the objects of longest ago beyond 4096, with what they had to write', () => {
    const ledger = new EventLedger(() => 0.5);
    for (let object = 0; object < 5000; object += 1) {
      ledger.note(objectNamed(`s${object}`), rejected('x'), at(object));
    }
    expect(ledger.waiting).toBe(4096);
    expect(ledger.take(at(5000))?.about.metadata.name).toBe('s904');
  });

  it('makes names that the apiserver takes, whatever the name of the object', () => {
    const ledger = new EventLedger(() => 0);
    ledger.note(objectNamed(`${'a'.repeat(235)}-${'b'.repeat(17)}`), rejected('x'.repeat(5000)), at(0));
    const entry = ledger.take(at(0));
    expect(entry?.name).toBe(`${'a'.repeat(235)}.0000000000000000`);
    expect(entry?.message).toHaveLength(1024);
  });
});
