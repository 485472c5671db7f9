import type { z } from 'zod';
import { apisix } from './apisix.ts';
import { autoOf } from './auto.ts';
import { dubbo } from './dubbo.ts';
import { dubboApp } from './dubbo-app.ts';
import { goMicro } from './go-micro.ts';
import { goZero } from './go-zero.ts';
import { goframe } from './goframe.ts';
import { grpc } from './grpc.ts';
import { hertz } from './hertz.ts';
import { json } from './json.ts';
import { kitex } from './kitex.ts';
import { kratos } from './kratos.ts';
import { patroni } from './patroni.ts';
import { plain } from './plain.ts';
import { registrator } from './registrator.ts';
import { rpcx } from './rpcx.ts';
import { skydns } from './skydns.ts';
import type { EntryReader, Format } from './types.ts';

/** Every format that reads by rules of its own; a new one is its file and a line here: schema, CRD and documentation follow. */
const named = {
  grpc,
  'go-micro': goMicro,
  kratos,
  'go-zero': goZero,
  skydns,
  registrator,
  rpcx,
  dubbo,
  'dubbo-app': dubboApp,
  kitex,
  hertz,
  goframe,
  patroni,
  apisix,
  json,
  plain,
} as const;

/** Every format by name. */
export const formats = { auto: autoOf(Object.values<Format<unknown>>(named)), ...named } as const;

type Formats = typeof formats;

export type FormatName = keyof Formats;

type NameWithOptions = {
  [Name in FormatName]: Formats[Name] extends { options: z.ZodType } ? Name : never;
}[FormatName];

type OptionsSchema<Name extends NameWithOptions> = Formats[Name]['options'];

export const formatNames = Object.keys(formats) as [FormatName, ...FormatName[]];

/** The schemas of options by the name of their format: the blocks that stand beside `format` in an EtcdService. */
export const formatBlocks = Object.fromEntries(
  formatNames
    .map((name) => formats[name] as Format<unknown>)
    .flatMap(({ name, options }) =>
      options === undefined ? [] : [[name, options.optional().describe(`Options of the format ${name}.`)]],
    ),
) as unknown as { readonly [Name in NameWithOptions]: z.ZodOptional<OptionsSchema<Name>> };

/** Options by the name of the format that has them, as the schema has parsed them. */
export type FormatOptions = {
  readonly [Name in NameWithOptions]?: z.output<OptionsSchema<Name>> | undefined;
};

/** Readers of formats without options: one of each, for however many EtcdServices; `auto` is made of those of all formats. */
const plainReaders = new Map<FormatName, EntryReader>();

/** Prepares the reader of a format, with the options of its block. */
export function compileFormat(name: FormatName, blocks: FormatOptions): EntryReader {
  // The schema has parsed the block of that name by the format's own options.
  const format = formats[name] as Format<unknown>;
  const options = (blocks as Readonly<Record<string, unknown>>)[name];
  if (options !== undefined) {
    return format.compile(options);
  }
  const reader = plainReaders.get(name) ?? format.compile(undefined);
  plainReaders.set(name, reader);
  return reader;
}
