import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyInstance, anyRegistration, secret } from '../../test/kit/any-registration.ts';
import { readAll, readOne } from '../../test/kit/read-items.ts';
import { judgeAddress } from './address.ts';
import { entryOf } from './entry.ts';
import { compileFormat, type FormatName, formatNames, formats } from './formats.ts';
import type { Format, Instance, Item } from './types.ts';

const all: readonly Format<unknown>[] = Object.values(formats as Readonly<Record<string, Format<unknown>>>);
const sourceOfAll = { prefix: '/services/web', separator: '/' };

/** Formats that no single registrar can write. */
const unwritable = ['apisix', 'auto', 'patroni', 'registrator'];

function formatOf(name: FormatName): Format<unknown> {
  return formats[name] as Format<unknown>;
}

describe('every format', { timeout: 60_000 }, () => {
  it.each(formatNames)('%s bears its own name and documents itself in whole lines', (name) => {
    const format = formatOf(name);
    expect(format.name).toBe(name);
    for (const text of [format.summary, format.traps]) {
      expect(text).toMatch(/^\S[^\n|]*\.$/);
    }
    expect(`${format.key}${format.value}`).not.toMatch(/[\n|]/);
  });

  it.each(formatNames)('%s reads its own example', (name) => {
    const { source, registrations } = formatOf(name).example;
    const readings = Object.values(readAll({ ...source, format: name }, registrations));
    expect(readings.some(({ items }) => items.some(({ kind }) => kind === 'instance'))).toBe(true);
    expect(readings.flatMap(({ items }) => items).filter(({ kind }) => kind === 'rejected')).toEqual([]);
  });

  it.each(formatNames)(
    '%s reads its own example below the root of a registry as it does without, and auto does too',
    (name) => {
      const { source, registrations } = formatOf(name).example;
      const root = '/prod';
      const rooted = Object.fromEntries(
        Object.entries(registrations).map(([key, value]) => [root + key, value]),
      );
      for (const format of [name, 'auto'] as const) {
        const expected = Object.values(readAll({ ...source, format }, registrations));
        expect(Object.values(readAll({ ...source, format, root }, rooted))).toEqual(expected);
      }
    },
  );

  it.each(formatNames)(
    '%s takes keys and values of all kinds without throwing, publishes only what can be, and repeats nothing',
    (name) => {
      const readEntry = compileFormat(name, {});
      fc.assert(
        fc.property(anyRegistration(all), ({ key, value, other }) => {
          const { items } = readEntry(entryOf(sourceOfAll, key, value), () => other);
          expect(items.length).toBeGreaterThan(0);
          items.forEach(expectSound);
          expect(Object.keys(Object.prototype)).toEqual([]);
        }),
        { numRuns: 500 },
      );
    },
  );
});

function expectSound(item: Item): void {
  if (item.kind !== 'instance') {
    expect(item.message).not.toContain(secret);
    return;
  }
  const { address, ports, metadata } = item.instance;
  expect(judgeAddress(address)).toEqual({ kind: 'address', address });
  expect(Object.values(ports).every((port) => Number.isInteger(port) && port >= 1 && port <= 65_535)).toBe(
    true,
  );
  expect(Object.values(metadata).every((text) => typeof text === 'string')).toBe(true);
  expect([ports, metadata].map(Object.getPrototypeOf)).toEqual([Object.prototype, Object.prototype]);
}

describe('what a format writes', { timeout: 60_000 }, () => {
  it.each(formatNames)('%s reads back as the same instance, or is refused with the reason', (name) => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z][a-z.]{0,20}$/),
        fc.stringMatching(/^[a-z0-9-]{1,20}$/),
        anyInstance(),
        (service, id, instance) => {
          const written = formatOf(name).write({ service, id, instance });
          if ('problem' in written) {
            expect(written.problem).toMatch(/^\w.*["\w]$/su);
          } else {
            expectSame(readBack(name, service, instance, written), instance);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(formatNames)('%s can be written, or says who writes it', (name) => {
    const written = ['', 'http'].map((port) => {
      const instance = { address: '10.0.0.5', ports: { [port]: 8080 }, ready: true, metadata: {} };
      return formatOf(name).write({ service: 'web', id: 'vm-1', instance });
    });
    expect(written.every((one) => 'problem' in one)).toBe(unwritable.includes(name));
  });
});

/** The only instance in what was written, as an EtcdService for the prefix of the service reads it. */
function readBack(
  format: FormatName,
  service: string,
  { ports }: Instance,
  { below, value }: { readonly below: string; readonly value: string },
): Instance {
  const { source } = formatOf(format).example;
  const parent = 'prefix' in source ? source.prefix.split('/').slice(0, -1) : [];
  const prefix = [...parent, service].join('/');
  const named = Object.keys(ports).filter((name) => name !== '');
  const json = { ports: Object.fromEntries(named.map((name) => [name, `.ports['${name}']`])), port: '.port' };
  const { items } = readOne(
    { prefix, format, ...(format === 'json' && { json }) },
    `${prefix}/${below}`,
    value,
  );
  expect(items).toMatchObject([{ kind: 'instance' }]);
  const [item] = items;
  return item?.kind === 'instance' ? item.instance : expect.unreachable();
}

/** The format may add metadata of its own, and lose the name of a single port. */
function expectSame(read: Instance, wanted: Instance): void {
  expect(read.address).toBe(wanted.address);
  expect(read.ready).toBe(wanted.ready);
  const isSingle = Object.keys(wanted.ports).length === 1;
  expect(isSingle ? Object.values(read.ports) : read.ports).toEqual(
    isSingle ? Object.values(wanted.ports) : wanted.ports,
  );
  for (const [name, text] of Object.entries(wanted.metadata)) {
    expect([name, Object.hasOwn(read.metadata, name) && read.metadata[name]]).toEqual([name, text]);
  }
}
