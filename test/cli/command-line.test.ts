import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { bin, command } from './command.ts';

const run = promisify(execFile);

describe('help', () => {
  it('names every command, and loads none', async () => {
    const { code, stdout, stderr } = await command(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/etcd-endpoints controller +\S/);
    expect(stdout).toMatch(/etcd-endpoints crds +\S/);
    expect(stdout).toMatch(/etcd-endpoints discover +\S/);
    expect(stdout).toMatch(/etcd-endpoints register +\S/);
    expect(stdout).toContain('Exit codes: 0 success, 1 failure, 2 wrong usage');
  });

  it.each([
    [],
    ['completion'],
    ['controller'],
    ['crds'],
    ['discover'],
    ['doctor'],
    ['explain'],
    ['register'],
  ])('of %j can be read in one screen', async (...words) => {
    const { code, stdout } = await command([...words, '--help']);
    const lines = stdout.split('\n');
    expect(code).toBe(0);
    expect(lines.length).toBeGreaterThan(4);
    expect(lines.length).toBeLessThanOrEqual(50);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('shows the words that a flag takes, and of the environment nothing where nothing is read from it', async () => {
    expect((await command(['controller', '--help'])).stdout).toContain('--leader-elect etcd|kubernetes|off');
    expect((await command(['completion', '--help'])).stdout).toMatch(
      /The shell whose completion is printed\n\nExit codes/,
    );
  });

  it('of the controller shows most options by --help, and all by --help-all, but no flag for a password', async () => {
    const { controllerOptions } = await import('../../src/config/controller-options.ts');
    const short = await command(['controller', '--help']);
    expect(short.stdout).toContain('--etcd URL');
    expect(short.stdout).not.toContain('--workers');
    const { code, stdout } = await command(['controller', '--help-all']);
    expect(code).toBe(0);
    for (const flag of Object.keys(controllerOptions)) {
      const isNamed = new RegExp(`^ +--${flag}( |$)`, 'm').test(stdout);
      expect({ flag, isNamed }).toEqual({ flag, isNamed: flag !== 'etcd-password' });
    }
    expect(stdout).toContain('--etcd is ETCD_ENDPOINTS_ETCD');
  });

  it('is there by -h, and the version by --version', async () => {
    expect((await command(['crds', '-h'])).code).toBe(0);
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await command(['--version'])).toMatchObject({ code: 0, stdout: `${manifest.version}\n` });
  });
});

describe('a wrong command line', () => {
  it.each([
    [
      [],
      'A command is needed: controller, completion, crds, discover, doctor, explain, plan, register or verify',
    ],
    [['controler'], 'Unknown command "controler". Did you mean controller?'],
    [['frobnicate'], 'Unknown command "frobnicate"'],
    [['controller', '--etdc', 'http://h'], 'Unknown flag --etdc. Did you mean --etcd?'],
    [['controller', '--etcd=http://h', '--no-color'], 'Unknown flag --no-color'],
    [['controller', '--etcd', 'http://h', 'extra'], 'Unknown argument "extra"'],
    [['controller', '--etcd', 'http://h', '-v'], 'Unknown flag -v'],
    [['controller'], '--etcd is needed (or ETCD_ENDPOINTS_ETCD)'],
    [['controller', '--etcd'], '--etcd "": expected the URL of an etcd member'],
    [
      ['controller', '--etcd', 'http://h', '--workers', '-1'],
      '--workers "-1": expected a whole number from 1 to 256',
    ],
    [['controller', '--etcd', 'http://h', '--workers', '0x10'], '--workers "0x10": expected a whole number'],
    [
      ['controller', '--etcd', 'http://h', '--etcd-call-timeout', '5'],
      '--etcd-call-timeout "5": expected a time such as',
    ],
    [['crds', '--etcd', 'http://h'], 'Unknown flag --etcd'],
    [['crds', '--', 'x'], 'Unknown argument "x" after --'],
    [['discover', '--etcd', 'http://h', '/a', '/b'], 'Unknown argument "/b"'],
    [['discover', '--etcd', 'http://h', '/a', '--once=yes'], 'Argument unexpected for: once'],
  ])('%j is refused with exit code 2 and one clear message', async (args, message) => {
    const { code, stdout, stderr } = await command(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it('names the environment variable that is wrong', async () => {
    const env = { ETCD_ENDPOINTS_ETCD: 'http://h', ETCD_ENDPOINTS_LOG_LEVEL: 'loud' };
    const { code, stderr } = await command(['controller'], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('ETCD_ENDPOINTS_LOG_LEVEL "loud": expected one of debug, info, warn, error');
  });

  it.each([
    [['--etcd', 'http://root:hunter2@h']],
    [['--etcd', 'http://h', '--etcd-user', 'root:hunter2']],
    [['--etcd', 'http://h', '--etcd-user', 'root', '--etcd-password', 'hunter2']],
    [['--etcd', 'http://h', '--etcd-user', 'root', '--etcd-password=hunter2']],
  ])('with a password in %j is refused without showing it', async (args) => {
    const { code, stdout, stderr } = await command(['controller', ...args]);
    expect(code).toBe(2);
    expect(stdout + stderr).not.toContain('hunter2');
  });
});

describe('crds', () => {
  it('prints definitions that parse, ready for kubectl apply', async () => {
    const { code, stdout, stderr } = await command(['crds']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const names = parseAllDocuments(stdout).map((document) => {
      expect('errors' in document ? document.errors : []).toEqual([]);
      const { kind, metadata } = document.toJS();
      expect(kind).toBe('CustomResourceDefinition');
      return metadata.name;
    });
    expect(names).toContain('etcdservices.etcd-endpoints.io');
  });

  it('loads neither the client of etcd nor that of Kubernetes', async () => {
    const hooks = `import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) {
  if (/node_modules.(etcd3|@grpc|@kubernetes|undici|prom-client|zod)/.test(url)) throw new Error('loaded ' + url);
  return next(url, context);
} });`;
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(hooks)}`];
    expect(await command(['crds'], { nodeArgs })).toMatchObject({ code: 0, stderr: '' });
    expect((await command(['controller', '--help'], { nodeArgs })).stderr).toContain('loaded');
  });

  it('ends quietly when its reader has seen enough', async () => {
    const child = spawn(process.execPath, [bin, 'crds'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      stderr += part;
    });
    const [code] = await once(child, 'close');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('the package', () => {
  it('runs what was compiled, where a clone runs its sources', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-package-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await cp(bin, join(folder, 'bin/etcd-endpoints.js'));
    await mkdir(join(folder, 'dist'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'dist/main.js'), "process.stdout.write('compiled')");
    const { stdout } = await run(process.execPath, [join(folder, 'bin/etcd-endpoints.js')]);
    expect(stdout).toBe('compiled');
  });
});

describe('an older Node.js', () => {
  it('is told in one line what is needed', async () => {
    const pretend =
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })";
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`];
    expect(await command(['--help'], { nodeArgs })).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr:
        'etcd-endpoints needs Node.js 24 or newer, but this is Node.js 20.19.0: see https://nodejs.org\n',
    });
  });
});
