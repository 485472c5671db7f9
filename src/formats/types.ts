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
  /** The whole key, without the root of the registry. */
  readonly key: string;
  /** The key below the prefix, without a leading separator; `''` for a record at the key itself. */
  readonly below: string;
  /** The last part of the key, which may hold an address; `''` for the prefix itself and for a key that ends in a separator. */
  readonly lastPart: string;
  readonly value: string;
  /** The value parsed as JSON, once for all who ask; undefined where it is no JSON. */
  json(): unknown;
}

export interface Reading {
  /** The format that read it (`auto` names the one that it found); undefined where none could. */
  readonly format: string | undefined;
  /** At least one item. */
  readonly items: readonly Item[];
}

/**
 * The value of another key (as {@link Entry} has keys) of the same EtcdService; undefined where there is none. Whoever looks a key up is read again
 * when that key changes: so one key can decide about others, and a change costs what it decides about.
 */
export type Look = (key: string) => string | undefined;

/** Reads one registration. Pure (the same for the same entry and the same answers of `look`), total (never throws) and linear in its input. */
export type EntryReader = (entry: Entry, look: Look) => Reading;

/** What a registrar announces. */
export interface Announcement {
  /** The name of the service: the last part of its prefix. */
  readonly service: string;
  /** What tells this instance from the others of the service, such as the name of its machine. */
  readonly id: string;
  readonly instance: Instance;
}

/** A registration as `register` writes it. */
export interface Written {
  /** The key below the prefix of the service, without a leading separator. */
  readonly below: string;
  readonly value: string;
}

/** Why an instance cannot be written, for people: it goes on from "--format NAME: ". */
export interface Unwritable {
  readonly problem: string;
}

/**
 * Writes what its format reads as the same address, ports, readiness and metadata; the format may add metadata of its own. What it has no
 * place for (a second port, metadata, an instance that is not ready) is a problem, never left out; only the name of a single port may be.
 */
export type Writer = (announcement: Announcement) => Written | Unwritable;

/** Registrations as their framework writes them: documentation shows them, tests read them, and `auto` has to tell them. */
export interface Example {
  /** What an EtcdService names to read them. */
  readonly source: { readonly prefix: string } | { readonly key: string };
  /** Values by their whole keys: one, unless a key decides about others. */
  readonly registrations: Readonly<Record<string, string>>;
}

/** A way to read registrations: one file, and one line in `formats.ts`. */
export interface Format<Options = undefined> {
  readonly name: string;
  /** What it reads, in one or two sentences, for the documentation. */
  readonly summary: string;
  /** The form of the whole key, such as `/micro/registry/<service>/<node>`. */
  readonly key: string;
  /** The form of the value, in a few words. */
  readonly value: string;
  readonly example: Example;
  /** What one has to know who reads such registrations, in one line. */
  readonly traps: string;
  /** The block of the EtcdService that bears the format's name, where it has options. */
  readonly options?: z.ZodType<Options>;
  /** Prepares a reader once for many registrations; options are as the schema has parsed them. */
  compile(options: Options | undefined): EntryReader;
  /**
   * Whether `auto` reads an entry as this format, without options: by what its framework always writes and others do not. It judges no
   * address. Absent where `auto` never takes the format.
   */
  recognises?(entry: Entry): boolean;
  readonly write: Writer;
}
