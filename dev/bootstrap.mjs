/**
 * Entry of `npm run demo`, `npm test` and what else needs servers: node dev/bootstrap.mjs <task> [arguments]
 *
 * Gets from a fresh clone to a running task with whatever Node is installed: installs the packages, among them the Node that the project
 * is written for, and runs the task with that. Plain JavaScript without packages, because there are none yet.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

const OLDEST_NODE = 18;
const TASKS = {
  demo: 'dev/demo/main.ts',
  test: 'dev/test.ts',
  chaos: 'dev/chaos.ts',
  faults: 'dev/faults/main.ts',
  bench: 'bench/main.ts',
};

const root = fileURLToPath(new URL('..', import.meta.url));
const programs = join(root, 'node_modules', '.bin');

class Problem extends Error {}

async function main([task, ...args]) {
  const script = TASKS[task];
  if (script === undefined) {
    throw new Problem(`unknown task "${task}": say one of ${Object.keys(TASKS).join(', ')}`);
  }
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    throw new Problem(`Node ${process.versions.node} is too old: install Node ${OLDEST_NODE} or newer`);
  }
  if (await mustInstall()) {
    await withLock(lockFile(), sayWaiting, async () => (await mustInstall()) && install());
  }
  const environment = { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH ?? ''}` };
  return await run(join(programs, 'node'), [join(root, script), ...args], environment);
}

/** Whether packages are missing, or were installed before the lock file got its present state. */
async function mustInstall() {
  const wanted = await changedAt(join(root, 'package-lock.json'));
  const installed = await changedAt(join(root, 'node_modules', '.package-lock.json'));
  return installed < wanted || (await changedAt(join(programs, 'node'))) === 0;
}

async function changedAt(file) {
  try {
    return (await stat(file)).mtimeMs;
  } catch {
    return 0;
  }
}

/** Outside the project, since `npm ci` begins by removing node_modules. */
function lockFile() {
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return join(tmpdir(), `etcd-endpoints-${name}.lock`);
}

function sayWaiting(owner) {
  console.error(`Waiting for process ${owner}, which is installing the packages`);
}

async function install() {
  console.error(
    'Installing the packages of package-lock.json into node_modules (npm ci); this can take a minute',
  );
  // Development packages are what this is for, whatever NODE_ENV says.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const status = await run('npm', args, process.env, ['ignore', 'ignore', 'inherit']);
  if (status !== 0) {
    throw new Problem(
      `npm ci failed with status ${status} and says why above; where the network has a proxy, set HTTPS_PROXY`,
    );
  }
}

/** Runs a command in the project's folder, hands signals on, and returns its status as a shell would. */
async function run(command, args, env, stdio = 'inherit') {
  const child = spawn(command, args, { cwd: root, env, stdio });
  const handOn = (signal) => {
    // Ctrl-C at a terminal reaches the child without our help; a second one would tell it to hurry.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) {
      child.kill(signal);
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) {
    process.on(signal, handOn);
  }
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new Problem(`${command} cannot be started: ${error.message}`)));
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    });
  } finally {
    for (const signal of signals) {
      process.off(signal, handOn);
    }
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Problem ? `etcd-endpoints: ${error.message}` : error);
  process.exitCode = 1;
}
