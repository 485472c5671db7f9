/**
 * Raw limit: a process that has loaded what the controller is made of, and does nothing with it. Speaks as `program.ts` does, and is plain JavaScript: where Node.js strips
 * types, that takes memory of its own.
 */
import { setTimeout as pause } from 'node:timers/promises';

process.once('disconnect', () => process.exit());
process.once('message', async ({ module }) => {
  await import(module);
  await pause(1000);
  const output = { residentBytes: process.memoryUsage.rss() };
  process.send?.({ result: { output, cpuMs: process.cpuUsage().user / 1000 } });
});
