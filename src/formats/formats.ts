import type { z } from 'zod';
import { auto } from './auto.ts';
import { json } from './json.ts';
import { plain } from './plain.ts';
import type { EntryReader, Format } from './types.ts';

/** Every format by name. A new one is its file and a line here: schema, CRD and documentation follow. */
export const formats = { auto, json, plain } as const;

export type FormatName = keyof typeof formats;

type Formats = typeof formats;

/** The blocks of options by the name of the format that has them. */
export type FormatOptionSchemas = {
  readonly [Name in FormatName as Formats[Name] extends { options: z.ZodObject }
    ? Name
    : never]: z.ZodOptional<
    Formats[Name] extends { options: infer Options extends z.ZodObject } ? Options : never
  >;
};

export type FormatOptions = {
  readonly [Name in keyof FormatOptionSchemas]?: z.output<FormatOptionSchemas[Name]>;
};

/** Prepares the reader of a format, with the options of its block. */
export function compileFormat(name: FormatName, blocks: FormatOptions): EntryReader {
  // The schema has parsed the block of that name by the format's own options.
  const format: Format<unknown> = formats[name] as Format<unknown>;
  return format.compile(Object.hasOwn(blocks, name) ? blocks[name as keyof FormatOptions] : undefined);
}
