import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Report } from './binaries.ts';

/** A network that lets nothing out often answers nothing at all: what has not begun by then will not. */
const BEGIN_TIMEOUT_MS = 10_000;
const SAY_EVERY_MS = 10_000;
const script = fileURLToPath(new URL('./download.ts', import.meta.url));

/**
 * Runs download.ts with the proxy of `environment` and returns the path that it got. Throws when that cannot be had: no network, an
 * error from the other side, nothing published for this system.
 */
export async function download(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  report: Report,
  beginTimeoutMs = BEGIN_TIMEOUT_MS,
): Promise<string> {
  const child = spawn(process.execPath, [script, ...args], {
    env: downloadEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let began = false;
  let result: string | undefined;
  const errors: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    began = true;
    if (line.startsWith('done ')) {
      result = line.slice('done '.length);
    } else {
      report(`  ${line}`);
    }
  });
  createInterface(child.stderr).on('line', (line) => errors.push(line));
  const giveUp = setTimeout(() => {
    if (!began) {
      errors.push(`no answer within ${beginTimeoutMs / 1000} s`);
      child.kill('SIGKILL');
    }
  }, beginTimeoutMs);
  const reminder = setInterval(() => began && report('  … still downloading'), SAY_EVERY_MS);
  await once(child, 'close');
  clearTimeout(giveUp);
  clearInterval(reminder);
  if (result === undefined) {
    throw new Error(errors.at(-1) ?? 'the download ended without a result');
  }
  return result;
}

/** envtest-js would answer with folders that these variables name instead of downloading. */
export function downloadEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const {
    KUBEBUILDER_ASSETS: _assets,
    TEST_ASSET_ETCD: _etcd,
    TEST_ASSET_KUBE_APISERVER: _apiServer,
    TEST_ASSET_KUBECTL: _kubectl,
    ...rest
  } = environment;
  return { ...rest, NODE_USE_ENV_PROXY: '1', NODE_NO_WARNINGS: '1' };
}
