/** What the formats hand to the rest: how one registration is read into instances. */

import type { z } from 'zod';
import type { Rejection } from './rejection.ts';

/**
 * One address that serves: what a registration announces. The names in `ports` and `metadata` come from outside: look them up with
 * `Object.hasOwn`, a name may be `constructor`.
 */
export interface Instance {
  /** Canonical IPv4 or IPv6 address (RFC 5952), publishable (`address.ts` has judged it). */
  readonly address: string;
  /** Ports by name or URL scheme; `''` is the port without a name. Empty where the registration names none. */
  readonly ports: Readonly<Record<string, number>>;
  readonly ready: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

/** One part of a registration: most have one, `json` with `items` may have several. Counted one by one in status. */
export type Item =
  | { readonly kind: 'instance'; readonly instance: Instance }
  /** A key that is no instance and is meant to be none (a placeholder, a sibling directory). */
  | { readonly kind: 'ignored'; readonly message: string }
  | Rejection;

/** What a format is given. It reads text alone: keys and values that are no UTF-8 are rejected before. */
export interface Entry {
  /** The whole key. */
  readonly key: string;
  /** The key below the prefix, without a leading separator; `''` for a record at the key itself. */
  readonly below: string;
  /** The last part of the key, which may hold an address; `''` for the prefix itself and for a key that ends in a separator. */
  readonly lastPart: string;
  readonly value: string;
}

export interface Reading {
  /** The format that read it (`auto` names the one that it found); undefined where none could. */
  readonly format: string | undefined;
  /** At least one item. */
  readonly items: readonly Item[];
}

/** Reads one registration. Pure, total (never throws) and linear in the size of its input. */
export type EntryReader = (entry: Entry) => Reading;

/** A way to read registrations: one file, and one line in `formats.ts`. */
export interface Format<Options = undefined> {
  readonly name: string;
  /** What it reads, in one or two sentences, for the documentation. */
  readonly summary: string;
  /** The block of the EtcdService that bears the format's name, where it has options. */
  readonly options?: z.ZodType<Options>;
  /** Prepares a reader once for many registrations; options are as the schema has parsed them. */
  compile(options: Options | undefined): EntryReader;
}
