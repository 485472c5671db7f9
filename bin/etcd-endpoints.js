#!/usr/bin/env node
// Plain JavaScript without static imports, so that an old Node.js gets a sentence instead of a syntax error.
const needed = 24;
const running = process.versions.node;

if (Number.parseInt(running, 10) < needed) {
  process.stderr.write(
    `etcd-endpoints needs Node.js ${needed} or newer, but this is Node.js ${running}: see https://nodejs.org\n`,
  );
  process.exitCode = 1;
} else {
  const { existsSync } = await import('node:fs');
  // A clone runs its sources; a package carries what was compiled from them, since Node.js strips no types below node_modules.
  const source = new URL('../src/main.ts', import.meta.url);
  await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
}
