import { versionByHttp } from '../etcd/client/member-http.ts';
import { RenewableClient } from '../etcd/client/renewable-client.ts';
import { statusRpc } from '../etcd/client/rpc.ts';
import { Mirror, type MirrorDeps } from '../etcd/mirror/mirror.ts';
import type { EtcdOptions } from '../etcd/options.ts';

/** A registry that is followed: one client and one mirror, shared by all EtcdServices that name it. */
export class Registry {
  /** The name of its EtcdRegistry; `default` for the one of `--etcd`. */
  readonly name: string;
  readonly mirror: Mirror;
  readonly #client: RenewableClient;
  /** What it was told last to go by. */
  #options: EtcdOptions | undefined;

  /** Connects to nothing before {@link renew}. */
  constructor(name: string, deps: MirrorDeps) {
    this.name = name;
    this.#client = new RenewableClient(deps);
    this.mirror = new Mirror(this.#client, deps);
  }

  /** Why it is not followed by the newest addresses and credentials; undefined where it is. */
  get problem(): Error | undefined {
    return this.#client.problem;
  }

  /** Whether any addresses and credentials have been in use yet. */
  get usable(): boolean {
    return this.#client.usable;
  }

  /** Goes on by other addresses and credentials without a gap: those before are left once etcd has answered by these. */
  renew(options: EtcdOptions): void {
    this.#options = options;
    this.#client.renew(options);
  }

  /** Calls back whenever other addresses and credentials are in use. */
  onRenewed(listener: () => void): void {
    this.#client.onRenewed(listener);
  }

  /** There is nothing new to connect by, for that reason; what was in use stays so. */
  withhold(reason: Error): void {
    this.#client.withhold(reason);
  }

  /** Version of the member that answers. Rejects where none tells it. Newer releases tell root alone by gRPC, and anybody by HTTP. */
  async version(signal: AbortSignal): Promise<string> {
    try {
      const { version } = await this.#client.read(statusRpc, {}, { signal });
      return version;
    } catch (error) {
      const version = this.#options && (await versionByHttp(this.#options, signal));
      if (version === undefined) {
        throw error;
      }
      return version;
    }
  }

  async close(): Promise<void> {
    await this.mirror.close();
    await this.#client.close();
  }
}
