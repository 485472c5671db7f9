import { keyOf } from '../../src/etcd/key.ts';
import { compileReader, type ReaderSpec } from '../../src/formats/read.ts';
import type { Item } from '../../src/formats/types.ts';

/** Reads registrations of one format below one prefix, as an EtcdService does: the items of a key and its value. */
export function readerOf(spec: Omit<ReaderSpec, 'separator'> & { readonly separator?: string }) {
  const read = compileReader({ separator: '/', ...spec }, { maxValueBytes: 256 * 1024 });
  return (key: string, value: unknown): readonly Item[] => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return read({ key: keyOf(key), value: Buffer.from(text) }).items;
  };
}

/** The item of an instance: its ports by name, or one port without a name. */
export function instance(
  address: string,
  ports: number | Readonly<Record<string, number>> | undefined,
  metadata: Readonly<Record<string, string>> = {},
  ready = true,
): Item {
  const named = typeof ports === 'number' ? { '': ports } : (ports ?? {});
  return { kind: 'instance', instance: { address, ports: named, ready, metadata } };
}
