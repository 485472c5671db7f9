import type { JsonOptions } from './json-options.ts';
import { compilePath, type Path } from './path.ts';

/** A compiled path with its text, which names the field in messages. */
export interface Field {
  readonly name: string;
  readonly get: Path;
}

/** The block `json`, compiled. */
export interface Fields {
  readonly items: Field | undefined;
  readonly address: Field | undefined;
  readonly port: Field | undefined;
  /** By port name; undefined where the block has none. */
  readonly ports: readonly (readonly [string, Field])[] | undefined;
  readonly metadata: Field | undefined;
  readonly ready: { readonly field: Field; readonly values: ReadonlySet<string> } | undefined;
}

export function compileFields({ items, address, port, ports, metadata, ready }: JsonOptions): Fields {
  return {
    items: items === undefined ? undefined : compileField(items),
    address: address === undefined ? undefined : compileField(address),
    port: port === undefined ? undefined : compileField(port),
    ports: ports && Object.entries(ports).map(([name, path]) => [name, compileField(path)] as const),
    metadata: metadata === undefined ? undefined : compileField(metadata),
    ready: ready && { field: compileField(ready.path), values: new Set(ready.values) },
  };
}

function compileField(path: string): Field {
  return { name: path, get: compilePath(path) };
}
