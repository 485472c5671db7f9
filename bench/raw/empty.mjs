/**
 * Raw limit: a process that has loaded what the controller is made of, with yargs and the reader of kubeconfigs, and does nothing with it. Speaks as `program.ts` does, and is
 * plain JavaScript: where Node.js strips types, that takes memory of its own.
 */
import { setTimeout as pause } from 'node:timers/promises';

process.once('disconnect', () => process.exit());
process.once('message', async ({ compiled }) => {
  await import(`${compiled}cli/command-line.js`);
  await import(`${compiled}controller/run.js`);
  const { newKubeConfig } = await import(`${compiled}kube/client-node.js`);
  newKubeConfig();
  await pause(1000);
  const output = { residentBytes: process.memoryUsage.rss() };
  const { user, system } = process.cpuUsage();
  process.send?.({ result: { output, cpuMs: (user + system) / 1000 } });
});
