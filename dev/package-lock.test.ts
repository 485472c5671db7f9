import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

interface LockedPackage {
  /** Pages about money, which nobody downloads from. */
  readonly funding?: unknown;
}

const lock: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
  await readFile(new URL('../package-lock.json', import.meta.url), 'utf8'),
);

it('names no address to download from in package-lock.json, so that it holds at any registry', () => {
  const addressed = Object.entries(lock.packages).filter(([, { funding, ...locked }]) =>
    /"resolved"|:\/\//.test(JSON.stringify(locked)),
  );
  expect(Object.keys(lock.packages).length).toBeGreaterThan(50);
  expect(addressed).toEqual([]);
});
