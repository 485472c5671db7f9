import { execFile } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { servers } from '../kit/control-plane.ts';
import type { OwnPlane } from '../kit/own-plane.ts';

const run = promisify(execFile);

/** Where the commands of the examples are meant to be typed. */
export const project = join(import.meta.dirname, '../..');

/** A machine with kubectl and etcdctl, set up for one cluster and one registry. */
export class Workstation {
  readonly #env: Readonly<Record<string, string>>;

  constructor({ plane, scene }: OwnPlane) {
    const { etcdctl, kubectl = '' } = servers().binaries;
    this.#env = {
      PATH: [dirname(kubectl), dirname(etcdctl), process.env['PATH']].join(delimiter),
      KUBECONFIG: plane.credentials.kubeconfigPath,
      // Where kubectl keeps what it has found out, and what goes with the cluster.
      HOME: dirname(plane.credentials.kubeconfigPath),
      ETCDCTL_ENDPOINTS: scene.registry.endpoints.join(','),
      ETCDCTL_API: '3',
    };
  }

  /** Runs a program in the root of the project and returns what it prints; rejects with its message when it fails. */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run(program, args, { cwd: project, env: this.#env });
    return stdout;
  }

  /** Applies a manifest; a field that the apiserver does not know is an error. */
  async apply(path: string): Promise<void> {
    await this.run('kubectl', 'apply', '--validate=strict', '-f', path);
  }

  /** What `examples/show.sh` prints, line by line. */
  async published(): Promise<readonly string[]> {
    return linesOf(await this.run('sh', 'examples/show.sh'));
  }
}

export function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
