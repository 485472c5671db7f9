/** What the formats hand to the rest: how one registration is read into instances. */

import type { RejectionReason } from './rejection.ts';

/** One address that serves: what a registration announces. */
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
  /** A value that should be an instance and cannot be read or published. */
  | { readonly kind: 'rejected'; readonly reason: RejectionReason; readonly message: string };

/** What a format is given. It reads text alone: keys and values that are no UTF-8 are rejected before. */
export interface Entry {
  /** The whole key. */
  readonly key: string;
  /** The key below the prefix, without a leading separator; `''` for a record at the key itself. */
  readonly below: string;
  readonly value: string;
}

export interface Reading {
  /** The format that read it (`auto` names the one that it found); undefined where none could. */
  readonly format: string | undefined;
  /** At least one item. */
  readonly items: readonly Item[];
}

/** A way to read registrations. Pure, total (never throws) and linear in the size of its input. */
export interface Format<Options = undefined> {
  readonly name: string;
  read(entry: Entry, options: Options): Reading;
}
