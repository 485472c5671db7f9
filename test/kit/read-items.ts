import { expect } from 'vitest';
import { bytesIn, bytesOf, textOf } from '../../src/etcd/bytes.ts';
import { keyOf } from '../../src/etcd/key.ts';
import { compileReader, type ReaderSpec } from '../../src/formats/read.ts';
import type { Item, Reading } from '../../src/formats/types.ts';

/** How registrations are read; the separator is `/` where nothing else is said. */
export type ReadingSpec = Omit<ReaderSpec, 'separator'> & { readonly separator?: string };

/** Reads some registrations of one EtcdService, by their whole keys; each may look the others up. */
export function readAll(
  spec: ReadingSpec,
  registrations: Readonly<Record<string, string | Buffer>>,
): Readonly<Record<string, Reading>> {
  const read = compileReader({ separator: '/', ...spec }, { maxValueBytes: 256 * 1024 });
  const values = new Map(
    Object.entries(registrations).map(
      ([text, value]) => [keyOf(text), typeof value === 'string' ? bytesOf(value) : bytesIn(value)] as const,
    ),
  );
  return Object.fromEntries(
    Array.from(values, ([key, value]) => [textOf(key), read({ key, value }, (other) => values.get(other))]),
  );
}

/** Reads one registration by itself. */
export function readOne(spec: ReadingSpec, key: string, value: string | Buffer): Reading {
  return readAll(spec, { [key]: value })[key] ?? { format: undefined, items: [] };
}

/** Reads registrations of one format below one prefix, as an EtcdService does: the items of a key and its value. */
export function readerOf(spec: ReadingSpec) {
  const read = compileReader({ separator: '/', ...spec }, { maxValueBytes: 256 * 1024 });
  return (key: string, value: unknown): readonly Item[] => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return read({ key: keyOf(key), value: bytesOf(text) }).items;
  };
}

/** The item of an instance: its ports by name, or one port without a name. */
export function instance(
  address: string,
  ports?: number | Readonly<Record<string, number>>,
  metadata: Readonly<Record<string, string>> = {},
  ready = true,
): Item {
  const named = typeof ports === 'number' ? { '': ports } : (ports ?? {});
  return { kind: 'instance', instance: { address, ports: named, ready, metadata } };
}

/** An item that is rejected for that reason. */
export function refused(reason: string, message: unknown = expect.any(String)): unknown {
  return { kind: 'rejected', reason, message };
}

/** An item that is ignored. */
export const isIgnored: unknown = { kind: 'ignored', message: expect.any(String) };
