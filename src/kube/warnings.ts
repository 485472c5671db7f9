import type { KubeDeps } from './options.ts';

/** Texts that are remembered as seen; a text beyond them counts as seen. */
const MAX_TEXTS = 256;

/** Reads `Warning: 299 - "text"` headers and tells which text is new. */
export class WarningLog {
  readonly #report: NonNullable<KubeDeps['onWarning']>;
  readonly #seen = new Set<string>();

  constructor(report: NonNullable<KubeDeps['onWarning']>) {
    this.#report = report;
  }

  note(header: string | string[] | undefined): void {
    if (header === undefined) {
      return;
    }
    for (const text of warningTexts([header].flat().join(', '))) {
      const first = !this.#seen.has(text) && this.#seen.size < MAX_TEXTS;
      if (first) {
        this.#seen.add(text);
      }
      this.#report({ text, first });
    }
  }
}

/** The texts of warnings with code 299, unquoted (RFC 7234, 5.5). */
export function warningTexts(header: string): string[] {
  const pattern = /299 \S+ "((?:[^"\\]|\\.)*)"/g;
  return Array.from(header.matchAll(pattern), ([, quoted = '']) => quoted.replace(/\\(.)/g, '$1'));
}
