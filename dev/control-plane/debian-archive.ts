import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from './binaries.ts';
import { type StepOptions, step } from './step.ts';

const run = promisify(execFile);

/** The release that packages etcd 3.4, Kubernetes 1.20 and the Go that still compiles it. */
const RELEASE = 'bookworm';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Whether packages can be had and unpacked here. */
export async function isDebianLike(): Promise<boolean> {
  try {
    await run('apt-get', ['--version']);
    await run('dpkg', ['--version']);
    return true;
  } catch {
    return false;
  }
}

/**
 * Debian 12's packages, through an apt whose every file lies in a folder of ours: nothing is installed, the system's lists, which are
 * often empty, are neither read nor changed, and no rights are needed.
 */
export class DebianArchive {
  readonly #folder: string;
  readonly #options: StepOptions;

  private constructor(folder: string, options: StepOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Fetches the lists of packages into `folder`. */
  static async open(folder: string, log: string, report: Report): Promise<DebianArchive> {
    await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
    await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
    const mirror = await systemMirror();
    const lines = ['deb', 'deb-src'].map(
      (kind) => `${kind} [signed-by=${KEYRING}] ${mirror} ${RELEASE} main\n`,
    );
    await writeFile(join(folder, 'sources.list'), lines.join(''));
    const archive = new DebianArchive(folder, { log, report, environment: proxyVariables(process.env) });
    await archive.#apt(`Fetching the package lists of Debian ${RELEASE} from ${mirror}`, ['update']);
    return archive;
  }

  /** Downloads packages and unpacks them all into `target`, as if it were the root of a system. */
  async unpack(packages: readonly string[], target: string): Promise<void> {
    const folder = join(this.#folder, 'packages');
    await mkdir(folder, { recursive: true });
    await this.#apt(`Downloading ${packages.join(', ')}`, ['download', ...packages], folder);
    for (const file of await readdir(folder)) {
      await run('dpkg', ['-x', join(folder, file), target]);
    }
  }

  /** Downloads a source package and returns the path of its original source, a compressed tar file. */
  async downloadSource(name: string): Promise<string> {
    const folder = join(this.#folder, 'source');
    await mkdir(folder, { recursive: true });
    await this.#apt(`Downloading the source of ${name}`, ['source', '--download-only', name], folder);
    const original = (await readdir(folder)).find((file) => /\.orig\.tar\.\w+$/.test(file));
    if (original === undefined) {
      throw new Error(`The Debian source package ${name} has no original source. Log: ${this.#options.log}`);
    }
    return join(folder, original);
  }

  #apt(title: string, args: readonly string[], cwd = this.#folder): Promise<void> {
    const settings = {
      'Dir::State': this.#folder,
      'Dir::State::Lists': join(this.#folder, 'lists'),
      // Nothing is installed as far as this apt knows.
      'Dir::State::status': '/dev/null',
      'Dir::Cache': join(this.#folder, 'cache'),
      'Dir::Etc::SourceList': join(this.#folder, 'sources.list'),
      'Dir::Etc::SourceParts': '/dev/null',
      // As root, apt would download as a user who may not write into root's home.
      'APT::Sandbox::User': 'root',
      'Acquire::Retries': '2',
      'Acquire::http::Timeout': '20',
      'Acquire::https::Timeout': '20',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    return step(title, 'apt-get', [...flags, ...args], { ...this.#options, cwd });
  }
}

/** The mirror that the system itself uses: in many networks no other can be reached. */
async function systemMirror(): Promise<string> {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(RELEASE) $(SITE)']);
  const mirror = chooseMirror(stdout);
  if (mirror === undefined) {
    throw new Error(
      `apt's sources on this system name no mirror of Debian, which ${RELEASE} could be had from`,
    );
  }
  return mirror;
}

/** The first mirror of our release in lines of `<release> <URL>`, else one of another release: a mirror of Debian has them all. */
export function chooseMirror(lines: string): string | undefined {
  const ours = new RegExp(`^${RELEASE} (\\S+)$`, 'm').exec(lines)?.[1];
  return ours ?? /^\S+ (\S+\/debian)\/?$/m.exec(lines)?.[1];
}

/** apt reads the proxy variables in lower case alone; people also set them in upper case. */
export function proxyVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name] ?? environment[name.toUpperCase()];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
