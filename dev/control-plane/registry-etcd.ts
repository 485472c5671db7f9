import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EtcdBinaries } from './binaries.ts';
import { EtcdMember, type MemberPlan } from './etcd-member.ts';
import { makeRegistryTls, type RegistryTls } from './etcd-tls.ts';
import { makeTokenFlag } from './etcd-token.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

/** A user of the registry, who may do with the keys below `prefix` what `access` says. */
export interface RegistryUser {
  readonly name: string;
  readonly password: string;
  readonly prefix: string;
  readonly access: 'read' | 'write' | 'readwrite';
}

export interface RegistryAuth {
  readonly rootPassword: string;
  readonly users: readonly RegistryUser[];
  /** `simple` tokens (the default) are known to one member alone and expire when unused; `jwt` ones expire, used or not. */
  readonly token?: 'simple' | 'jwt';
  /** Default 300. */
  readonly tokenTtlSeconds?: number;
}

export interface RegistryEtcdOptions {
  readonly binaries: EtcdBinaries;
  readonly members?: 1 | 3;
  /** The client port speaks TLS and demands a client certificate of the same authority. */
  readonly tls?: boolean;
  readonly auth?: RegistryAuth;
  /** More flags for every member, without dashes: `{ 'max-request-bytes': '3000000' }`. */
  readonly flags?: Readonly<Record<string, string>>;
}

export interface EtcdctlOptions {
  /** `name:password`; root where authentication is on and nothing is said. */
  readonly user?: string;
  /** Index of the one member to talk to; all of them where nothing is said. */
  readonly member?: number;
}

/** An etcd of one or three members which plays the company's registry: apart from the one that the kube-apiserver stores in. */
export interface RegistryEtcd {
  /** Client URLs, `http://127.0.0.1:<port>`, in the order of `members`. */
  readonly endpoints: readonly string[];
  readonly members: readonly EtcdMember[];
  readonly tls: RegistryTls | undefined;
  /** Version as in `3.5.30`. */
  readonly version: string;
  /** Runs etcdctl against this etcd and returns what it prints; rejects with its message when it fails. */
  etcdctl(args: readonly string[], options?: EtcdctlOptions): Promise<string>;
  /** Makes the member of that index the leader of the cluster. */
  leadBy(index: number): Promise<void>;
  /** Saves what the first member holds, for {@link restoreFromSnapshot}. */
  saveSnapshot(file: string): Promise<void>;
  /** Stops every member, puts them back to the snapshot as an operator would, and starts them again under the same addresses. */
  restoreFromSnapshot(file: string): Promise<void>;
  /** Ends every member at once and removes their data. */
  stop(): Promise<void>;
}

/** Starts a registry and returns once it can be written to. */
export async function startRegistryEtcd(options: RegistryEtcdOptions): Promise<RegistryEtcd> {
  const directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-registry-'));
  const tls = options.tls === true ? await makeRegistryTls(directory) : undefined;
  const plans = await planMembers(options, directory, tls);
  const members = plans.map((plan) => new EtcdMember(options.binaries.etcd, plan));
  const registry = new Registry(options, directory, tls, members);
  try {
    await Promise.all(members.map((member) => member.start()));
    await registry.enableAuth();
  } catch (error) {
    await registry.stop();
    throw error;
  }
  return registry;
}

async function planMembers(
  options: RegistryEtcdOptions,
  directory: string,
  tls: RegistryTls | undefined,
): Promise<MemberPlan[]> {
  const scheme = tls === undefined ? 'http' : 'https';
  const places = await Promise.all(
    Array.from({ length: options.members ?? 1 }, async (_, index) => ({
      name: `member${index}`,
      dataDirectory: join(directory, `member${index}`),
      clientUrl: `${scheme}://127.0.0.1:${await freePort()}`,
      peerUrl: `http://127.0.0.1:${await freePort()}`,
      metricsUrl: `http://127.0.0.1:${await freePort()}`,
    })),
  );
  const initialCluster = places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
  const flags: Record<string, string> = {
    ...(tls?.serverFlags ?? {}),
    ...(options.auth === undefined ? {} : await makeTokenFlag(options.auth, directory)),
    // The data live as long as a test: waiting for the disk would only slow it down. Unknown to 3.4.
    ...(options.binaries.etcdVersion.startsWith('3.4.') ? {} : { 'unsafe-no-fsync': 'true' }),
    ...options.flags,
  };
  return places.map((place) => ({ ...place, initialCluster, flags }));
}

class Registry implements RegistryEtcd {
  readonly members: readonly EtcdMember[];
  readonly tls: RegistryTls | undefined;
  readonly version: string;
  readonly #options: RegistryEtcdOptions;
  readonly #directory: string;
  #rootUser: string | undefined;

  constructor(
    options: RegistryEtcdOptions,
    directory: string,
    tls: RegistryTls | undefined,
    members: readonly EtcdMember[],
  ) {
    this.#options = options;
    this.#directory = directory;
    this.tls = tls;
    this.members = members;
    this.version = options.binaries.etcdVersion;
  }

  get endpoints(): readonly string[] {
    return this.members.map((member) => member.clientUrl);
  }

  async etcdctl(args: readonly string[], options: EtcdctlOptions = {}): Promise<string> {
    const endpoints = options.member === undefined ? this.endpoints : [this.endpoints[options.member]];
    const user = options.user ?? this.#rootUser;
    const { stdout } = await run(
      this.#options.binaries.etcdctl,
      [
        `--endpoints=${endpoints.join(',')}`,
        ...(this.tls?.clientFlags ?? []),
        ...(user === undefined ? [] : [`--user=${user}`]),
        ...args,
      ],
      { maxBuffer: 256 * 1024 * 1024 },
    );
    return stdout;
  }

  async leadBy(index: number): Promise<void> {
    const list = (await this.etcdctl(['member', 'list'])).split('\n').map((line) => line.split(', '));
    const [id] = list.find(([, , name]) => name === this.members[index]?.name) ?? [];
    if (id === undefined) {
      throw new Error(`The cluster has no member ${index}`);
    }
    await this.etcdctl(['move-leader', id]);
  }

  async saveSnapshot(file: string): Promise<void> {
    await this.etcdctl(['snapshot', 'save', file], { member: 0 });
  }

  async restoreFromSnapshot(file: string): Promise<void> {
    // etcdctl lost this command to etcdutl with etcd 3.6.
    const { etcdctl, etcdutl } = this.#options.binaries;
    await Promise.all(this.members.map((member) => member.kill()));
    for (const member of this.members) {
      await rm(member.dataDirectory, { recursive: true });
      await run(etcdutl ?? etcdctl, ['snapshot', 'restore', file, ...member.restoreFlags]);
    }
    await Promise.all(this.members.map((member) => member.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Creates root and the users, each with a role of its own name, and turns authentication on. */
  async enableAuth(): Promise<void> {
    const { auth } = this.#options;
    if (auth === undefined) {
      return;
    }
    await this.etcdctl(['user', 'add', `root:${auth.rootPassword}`]);
    await this.etcdctl(['user', 'grant-role', 'root', 'root']);
    for (const { name, password, prefix, access } of auth.users) {
      await this.etcdctl(['role', 'add', name]);
      await this.etcdctl(['role', 'grant-permission', '--prefix=true', name, access, prefix]);
      await this.etcdctl(['user', 'add', `${name}:${password}`]);
      await this.etcdctl(['user', 'grant-role', name, name]);
    }
    await this.etcdctl(['auth', 'enable']);
    this.#rootUser = `root:${auth.rootPassword}`;
  }
}
