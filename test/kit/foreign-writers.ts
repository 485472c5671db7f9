import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
// biome-ignore lint/style/noRestrictedImports: here it plays a foreign writer, as users know it; nothing of ours is built on it.
import { Etcd3 } from 'etcd3';
import { servers } from './control-plane.ts';
import type { RegistryEtcd } from './etcd-process.ts';

/** Somebody who registers instances without a line of ours: keys on one lease, which outlives no test. */
export interface ForeignWriter {
  put(key: string, value: string): Promise<void>;
  /** Revokes the lease and ends. */
  leave(): Promise<void>;
}

/** `etcdctl put --lease`. */
export async function etcdctlWriter(registry: RegistryEtcd): Promise<ForeignWriter> {
  const etcdctl = (...args: string[]): Promise<string> => registry.etcdctl(args);
  const [, lease = ''] = /lease (\w+) granted/.exec(await etcdctl('lease', 'grant', '600')) ?? [];
  return {
    put: async (key, value) => void (await etcdctl('put', `--lease=${lease}`, key, value)),
    leave: async () => void (await etcdctl('lease', 'revoke', lease)),
  };
}

/** The npm package etcd3, used as its documentation says. */
export async function npmWriter({ endpoints }: RegistryEtcd): Promise<ForeignWriter> {
  const client = new Etcd3({ hosts: [...endpoints] });
  const lease = client.lease(600);
  return {
    put: async (key, value) => void (await lease.put(key).value(value)),
    leave: async () => {
      await lease.revoke();
      client.close();
    },
  };
}

/** python3-etcd3 of Debian; needs `python3-etcd3`. */
export async function pythonWriter({ endpoints }: RegistryEtcd): Promise<ForeignWriter> {
  const root = await mkdtemp(join(tmpdir(), 'etcd-endpoints-python-'));
  await promisify(execFile)('tar', ['-xf', servers().pythonEtcd3 ?? '', '-C', root]);
  const libraries = ['usr/lib', 'lib'].map((folder) => join(root, folder, `${machine()}-linux-gnu`));
  const program = fileURLToPath(new URL('foreign-writer.py', import.meta.url));
  const child = spawn('python3', [program, new URL(endpoints[0] ?? '').host], {
    env: {
      ...process.env,
      PYTHONPATH: join(root, 'usr/lib/python3/dist-packages'),
      LD_LIBRARY_PATH: libraries.join(':'),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const answers = createInterface(child.stdout);
  return {
    put: async (key, value) => {
      const answered = once(answers, 'line');
      child.stdin.write(`${key} ${value}\n`);
      await Promise.race([answered, ended.then(([code]) => Promise.reject(new Error(`python3: ${code}`)))]);
    },
    leave: async () => {
      child.stdin.end();
      await ended;
      await rm(root, { recursive: true });
    },
  };
}

/** As Debian calls it in its folders. */
function machine(): string {
  return process.arch === 'x64' ? 'x86_64' : 'aarch64';
}
