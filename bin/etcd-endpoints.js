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
  if (process.pid === 1) {
    await endOnSignals();
  }
  // A clone runs its sources; a package carries what was compiled from them, since Node.js strips no types below node_modules.
  const source = new URL('../src/main.ts', import.meta.url);
  await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
}

/**
 * The kernel keeps signals from process 1 of a container unless it listens to them. With this, one that no command listens to, yet or any
 * more, ends it as it ends any other process.
 */
async function endOnSignals() {
  const { constants } = await import('node:os');
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(name, () => {
      if (process.listenerCount(name) === 1) {
        process.exit(128 + constants.signals[name]);
      }
    });
  }
}
