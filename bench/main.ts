/**
 * `npm run bench`: what the controller does against what the same machine can do at all, in one table. Each world has servers of its own, on which
 * ours and the raw programs of bench/raw run. `--only latency,cold` chooses, `--scale 0.1` makes everything smaller, `--json` prints the rows
 * for keeping, and `--profile DIR` has every controller write a CPU profile there when it ends.
 */
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Binaries } from '../dev/control-plane/binaries.ts';
import { findBinaries } from '../dev/control-plane/find.ts';
import { compile } from './compiled.ts';
import { type Row, type Setting, table } from './report.ts';
import type { Run, World } from './world.ts';
import { worlds } from './worlds/worlds.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    scale: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const scale = Number(values.scale);
if (!(scale > 0 && scale <= 1)) {
  throw new Error(`--scale ${values.scale}: expected a number above 0, up to 1`);
}
const known = new Set(worlds.flatMap(({ ids }) => ids));
const only = values.only === '' ? known : new Set(values.only.split(','));
const strange = only.difference(known);
if (strange.size > 0) {
  throw new Error(`--only ${[...strange].join(',')}: expected some of ${[...known].join(',')}`);
}

/** A world takes some minutes; one that hangs must not keep the others from being measured. */
const mostMs = 15 * 60_000;

const say = (line: string): void => console.error(line);
const load = loadavg()[0] ?? 0;
const binaries = await findBinaries({ report: say, environment: process.env });
say('compiling');
await compile();
const rows: Row[] = [];
for (const world of worlds.filter(({ ids }) => ids.some((id) => only.has(id)))) {
  await measure(world, binaries);
}
const setting = settingOf(binaries, load);
console.log(values.json ? JSON.stringify({ ...setting, rows }, undefined, 2) : table(setting, rows));

/** What fails is told, and the other worlds are measured all the same. */
async function measure(world: World, servers: Binaries): Promise<void> {
  const started = performance.now();
  const cleanup = new AsyncDisposableStack();
  const tell = (row: Row): void => {
    if (only.has(row.id)) {
      rows.push(row);
      say(`  ${row.what}: ${[row.ours, row.raw, row.ratio?.toFixed(2)].filter(Boolean).join(' | ')}`);
    }
  };
  const run: Run = {
    binaries: servers,
    profile: values.profile,
    wants: (id) => only.has(id),
    scaled: (count, least = 1) => Math.max(least, Math.round(count * scale)),
    tell,
    say: (line) => say(`  ${line}`),
    cleanup,
  };
  say(world.name);
  const { promise: tooLong, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done after ${mostMs / 60_000} minutes`)), mostMs);
  try {
    await Promise.race([world.measure(run), tooLong]);
  } catch (error) {
    process.exitCode = 1;
    say(`  failed: ${error instanceof Error ? error.stack : error}`);
  } finally {
    clearTimeout(timer);
    await cleanup.disposeAsync();
  }
  say(`  ${Math.round((performance.now() - started) / 1000)} s`);
}

function settingOf({ kubernetesVersion, etcdVersion }: Binaries, startLoad: number): Setting {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 1024 ** 3)} GiB`,
    versions: `Kubernetes ${kubernetesVersion.text}, etcd ${etcdVersion}, Node.js ${process.versions.node}`,
    load: startLoad,
    scale,
  };
}
