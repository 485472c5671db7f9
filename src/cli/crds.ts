import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from './command.ts';

/** The generated definitions; they lie beside src/ in a clone and beside dist/ in the package. */
const folder = new URL('../../crds/', import.meta.url);

/** Prints the committed files as they are: neither schemas nor clients are loaded for that. */
export const crdsCommand: Command = {
  options: {},
  async run(_source, process) {
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .sort();
    process.stdout.write(files.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('---\n'));
  },
};
