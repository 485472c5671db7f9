import { describe, expect, it } from 'vitest';
import { TerminalError } from '../errors.ts';
import { type ControllerConfig, controllerConfig, controllerOptions } from './controller-options.ts';
import { environmentName, type OptionTable } from './option.ts';
import type { OptionSource } from './read-options.ts';

const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const files: Readonly<Record<string, string>> = {
  '/home/me/.kube/config': '{}',
  '/ca.pem': certificate,
  '/cert.pem': certificate,
  '/key.pem': '-----BEGIN PRIVATE KEY-----\nsecret-key\n-----END PRIVATE KEY-----\n',
  '/password': 'hunter2\n',
  '/empty': '\n',
  '/not.pem': 'hello',
  '/k': 'kind: Config',
};

function source(flags: Record<string, unknown>, env: Record<string, string> = {}): OptionSource {
  return {
    flags,
    env,
    hostname: 'host-1',
    readFile(path) {
      const content = files[path];
      if (content === undefined) {
        throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      }
      return Buffer.from(content);
    },
  };
}

function config(flags: Record<string, unknown>, env: Record<string, string> = {}): ControllerConfig {
  return controllerConfig(source({ etcd: 'http://10.0.0.1:2379', ...flags }, env));
}

/** The lines of the refusal. */
function problems(flags: Record<string, unknown>, env: Record<string, string> = {}): string[] {
  try {
    config(flags, env);
  } catch (error) {
    expect(error).toBeInstanceOf(TerminalError);
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    return error instanceof Error ? error.message.split('\n') : [];
  }
  return [];
}

describe('the configuration of a controller', () => {
  it('has a default for everything but etcd', () => {
    expect(config({})).toEqual({
      etcd: { hosts: ['http://10.0.0.1:2379'], maxMessageBytes: 256 * 2 ** 20, callTimeoutMs: 10_000 },
      etcdLimits: { maxMessageBytes: 256 * 2 ** 20, callTimeoutMs: 10_000 },
      election: { where: 'etcd', release: 'etcd-endpoints', ttlMs: 15_000 },
      electionEtcd: {
        hosts: ['http://10.0.0.1:2379'],
        maxMessageBytes: 256 * 2 ** 20,
        callTimeoutMs: 10_000,
      },
      publish: ['Endpoints', 'EndpointSlice'],
      maxEndpointsPerSlice: 100,
      drainMs: 0,
      staleMs: undefined,
      nodeNames: false,
      guard: { maxRemovalPercent: 30, ignoreBelow: 10, windowMs: 60_000, holdMs: 300_000 },
      isWarmStandby: true,
      kubernetes: {},
      namespaces: [],
      allowedPrefixes: [],
      serviceCidrs: [],
      workers: 8,
      maxValueBytes: 256 * 1024,
      compareIntervalMs: 600_000,
      http: { port: 8080 },
      explain: { host: '127.0.0.1', port: 8081 },
      log: { level: 'info', format: 'json' },
      replica: 'host-1',
    });
  });

  it('says what is needed when etcd is not named', () => {
    expect(() => controllerConfig(source({}))).toThrow(
      /^--etcd is needed \(or ETCD_ENDPOINTS_ETCD\); .*--election-etcd or --leader-elect=kubernetes$/,
    );
  });

  it('needs no etcd of its own where the election has a place elsewhere', () => {
    expect(controllerConfig(source({ 'leader-elect': 'kubernetes' })).etcd).toBeUndefined();
    expect(controllerConfig(source({ 'leader-elect': 'off' })).etcd).toBeUndefined();
    const { etcd, electionEtcd } = controllerConfig(
      source({ 'election-etcd': 'https://e', 'etcd-ca': '/ca.pem', 'etcd-call-timeout': '5s' }),
    );
    expect(etcd).toBeUndefined();
    expect(electionEtcd).toMatchObject({ hosts: ['https://e:2379'], callTimeoutMs: 5000 });
    expect(electionEtcd.tls?.ca?.toString()).toContain('BEGIN CERTIFICATE');
  });

  it('reaches the etcd of the election with the credentials of the registry', () => {
    const { etcd, electionEtcd } = config({
      'election-etcd': 'http://e',
      'etcd-user': 'u',
      'etcd-password-file': '/password',
    });
    expect(etcd).toMatchObject({ hosts: ['http://10.0.0.1:2379'], user: { name: 'u' } });
    expect(electionEtcd).toMatchObject({ hosts: ['http://e:2379'], user: { name: 'u' } });
  });

  it('takes ranges of Services, and nothing else for one', () => {
    expect(config({ 'service-cidr': '10.96.0.0/12,fd00::/108' }).serviceCidrs).toEqual([
      '10.96.0.0/12',
      'fd00::/108',
    ]);
    expect(problems({ 'service-cidr': '10.96.0.0' })).toEqual([
      '--service-cidr "10.96.0.0": expected a range such as 10.96.0.0/12 or fd00::/108',
    ]);
  });

  it('takes a flag before the environment, and that before the default', () => {
    expect(config({}, { ETCD_ENDPOINTS_WORKERS: '3' }).workers).toBe(3);
    expect(config({ workers: '5' }, { ETCD_ENDPOINTS_WORKERS: '3' }).workers).toBe(5);
  });

  it('counts an empty environment variable as absent', () => {
    expect(config({}, { ETCD_ENDPOINTS_WORKERS: '', POD_NAME: '' })).toMatchObject({
      workers: 8,
      replica: 'host-1',
    });
  });

  it('names the replica by its flag, its Pod or its host', () => {
    expect(config({}, { POD_NAME: 'web-0' }).replica).toBe('web-0');
    expect(config({ replica: 'a' }, { POD_NAME: 'web-0' }).replica).toBe('a');
  });

  it('takes lists as repeated flags, with commas, or both, and each value once', () => {
    expect(config({ namespace: ['shop,bank', 'shop', 'mail'] }).namespaces).toEqual(['shop', 'bank', 'mail']);
    expect(config({}, { ETCD_ENDPOINTS_NAMESPACE: 'shop, bank' }).namespaces).toEqual(['shop', 'bank']);
  });

  it('cannot be changed, not even its lists', () => {
    const frozen = config({ namespace: 'shop', 'allowed-prefix': 'shop=/web' });
    expect(() => Object.assign(frozen, { workers: 1 })).toThrow(TypeError);
    expect(() => (frozen.namespaces as string[]).push('x')).toThrow(TypeError);
    expect(() => Object.assign(frozen.allowedPrefixes[0] ?? {}, { prefix: '' })).toThrow(TypeError);
  });

  it('names every wrong option at once, with its value and what is expected', () => {
    expect(problems({ workers: 'many', 'log-level': 'loud', namespace: 'Shop' })).toEqual([
      '--namespace "Shop": expected the name of a namespace: at most 63 of a-z, 0-9 and -, with a letter or digit at both ends',
      '--workers "many": expected a whole number from 1 to 256',
      '--log-level "loud": expected one of debug, info, warn, error',
    ]);
  });

  it('names the environment variable where that is what is wrong', () => {
    expect(problems({}, { ETCD_ENDPOINTS_COMPARE_INTERVAL: '10' })).toEqual([
      'ETCD_ENDPOINTS_COMPARE_INTERVAL "10": expected a time such as 500ms, 5s or 10m, from 1s to 24h',
    ]);
  });

  it('names the flag of a kubeconfig that cannot be read', () => {
    expect(problems({ kubeconfig: '/none' })[0]).toMatch(/^--kubeconfig "\/none": cannot be read: ENOENT/);
  });

  it('takes the service account of the Pod where nothing names a kubeconfig', () => {
    const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '6443' };
    const account = { host: '10.96.0.1', port: '6443' };
    expect(config({ etcd: 'http://10.0.0.1' }, pod).kubernetes).toEqual({ serviceAccount: account });
    expect(config({ etcd: 'http://10.0.0.1' }, { ...pod, KUBECONFIG: '/some' }).kubernetes).toEqual({});
    expect(config({ etcd: 'http://10.0.0.1', context: 'x' }, pod).kubernetes).toEqual({ context: 'x' });
    expect(config({ etcd: 'http://10.0.0.1' }, { ...pod, HOME: '/home/me' }).kubernetes).toEqual({});
    expect(config({ etcd: 'http://10.0.0.1' }).kubernetes).toEqual({});
  });

  it('refuses one flag given twice where it holds one value', () => {
    expect(problems({ workers: ['1', '2'] })).toEqual(['--workers is given 2 times, but it holds one value']);
  });

  it('cuts a long wrong value and escapes what would break the line', () => {
    const [line] = problems({ 'log-level': `a\nb${'x'.repeat(500)}` });
    expect(line).toMatch(/^--log-level "a\\nbx+…": expected one of/);
    expect(line?.length).toBeLessThan(200);
  });
});

describe('the URLs of etcd', () => {
  it.each([
    ['http://10.0.0.1:2379', 'http://10.0.0.1:2379'],
    ['https://etcd.example/', 'https://etcd.example:2379'],
    ['https://etcd:443', 'https://etcd:443'],
    ['http://etcd:80/', 'http://etcd:80'],
    ['10.0.0.1:2379', 'http://10.0.0.1:2379'],
    ['etcd', 'http://etcd:2379'],
    ['HTTP://ETCD:2379', 'http://etcd:2379'],
    ['http://[FD00::1]:2379', 'http://[fd00::1]:2379'],
  ])('%s is %s', (given, url) => {
    expect(config({ etcd: given }).etcd?.hosts).toEqual([url]);
  });

  it.each([
    '',
    'unix:///run/etcd.sock',
    'ftp://h:1',
    'http://',
    'http://h:99999',
    'http://h:2379/v3',
    'http://h?x',
    'a b',
    'http://h#x',
  ])('refuse %j', (etcd) => {
    expect(problems({ etcd })).toHaveLength(1);
  });

  it('are http or https for all', () => {
    expect(problems({ etcd: 'http://a:1,https://b:1' })[0]).toMatch(
      /^--etcd .*expected http or https for all/,
    );
  });

  it.each([
    'http://root:hunter2@h:2379',
    'root:hunter2@h:2379',
    'ftp://root:hunter2@h',
    'http://root:hunter2@',
  ])('hold no password, and a refusal of %s does not show it', (etcd) => {
    const lines = problems({ etcd });
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toContain('hunter2');
  });
});

describe('the user of etcd', () => {
  it('has its password from a file, without the line break at its end', () => {
    expect(config({ 'etcd-user': 'root', 'etcd-password-file': '/password' }).etcd?.user).toEqual({
      name: 'root',
      password: 'hunter2',
    });
  });

  it('has its password from the environment', () => {
    const { etcd } = config({ 'etcd-user': 'root' }, { ETCD_ENDPOINTS_ETCD_PASSWORD: 'hunter2' });
    expect(etcd?.user).toEqual({ name: 'root', password: 'hunter2' });
  });

  it('never has its password from the command line', () => {
    expect(problems({ 'etcd-user': 'root', 'etcd-password': 'hunter2' })).toEqual([
      '--etcd-user needs a password: --etcd-password-file or ETCD_ENDPOINTS_ETCD_PASSWORD',
    ]);
  });

  it.each([
    [{ 'etcd-user': 'root' }, {}, /^--etcd-user needs a password/],
    [
      { 'etcd-user': 'root', 'etcd-password-file': '/password' },
      { ETCD_ENDPOINTS_ETCD_PASSWORD: 'x' },
      /one password, not two/,
    ],
    [{ 'etcd-password-file': '/password' }, {}, /without --etcd-user/],
    [
      { 'etcd-user': 'root', 'etcd-password-file': '/none' },
      {},
      /^--etcd-password-file "\/none": cannot be read: ENOENT/,
    ],
    [{ 'etcd-user': 'root', 'etcd-password-file': '/empty' }, {}, /^--etcd-password-file "\/empty": .*empty/],
    [{ 'etcd-user': 'root:hunter2' }, {}, /^--etcd-user "root:…": expected a user name without a colon/],
  ])('given as %j with %j is refused', (flags, env, message) => {
    expect(problems(flags, env).join()).toMatch(message);
    expect(problems(flags, env).join()).not.toContain('hunter2');
  });
});

describe('TLS towards etcd', () => {
  const https = { etcd: 'https://h' };

  it('has the content of the files', () => {
    const { etcd } = config({
      ...https,
      'etcd-ca': '/ca.pem',
      'etcd-cert': '/cert.pem',
      'etcd-key': '/key.pem',
      'etcd-server-name': 'etcd.example',
    });
    const { tls } = etcd ?? {};
    expect(tls).toMatchObject({ serverName: 'etcd.example' });
    expect([tls?.ca, tls?.cert, tls?.key].map(String)).toEqual([certificate, certificate, files['/key.pem']]);
  });

  it.each([
    [
      { ...https, 'etcd-cert': '/cert.pem' },
      '--etcd-cert is given without --etcd-key: a client certificate needs both',
    ],
    [
      { ...https, 'etcd-key': '/key.pem' },
      '--etcd-key is given without --etcd-cert: a client certificate needs both',
    ],
    [{ 'etcd-ca': '/ca.pem' }, '--etcd-ca needs --etcd URLs with https'],
    [
      { ...https, 'etcd-ca': '/none' },
      `--etcd-ca "/none": cannot be read: ENOENT: no such file or directory, open '/none'`,
    ],
    [
      { ...https, 'etcd-ca': '/not.pem' },
      '--etcd-ca "/not.pem": expected PEM, a text with lines like -----BEGIN CERTIFICATE-----',
    ],
  ])('given as %j is refused', (flags, message) => {
    expect(problems(flags)).toEqual([message]);
  });
});

describe('the values of options', () => {
  it.each([
    ['500ms', undefined],
    ['1s', 1000],
    ['1.5m', 90_000],
    ['24h', 86_400_000],
    ['25h', undefined],
    ['10', undefined],
    ['-5s', undefined],
    ['1d', undefined],
    ['1e3s', undefined],
    ['', undefined],
  ])('--compare-interval %j is %s ms', (given, ms) => {
    if (ms === undefined) {
      expect(problems({ 'compare-interval': given })).toHaveLength(1);
    } else {
      expect(config({ 'compare-interval': given }).compareIntervalMs).toBe(ms);
    }
  });

  it.each([
    ['1024', 1024],
    ['64Ki', 65_536],
    ['16Mi', 2 ** 24],
    ['17Mi', undefined],
    ['1023', undefined],
    ['64KB', undefined],
    ['1.5Ki', undefined],
    ['0x400', undefined],
  ])('--max-value-bytes %j is %s', (given, bytes) => {
    if (bytes === undefined) {
      expect(problems({ 'max-value-bytes': given })).toHaveLength(1);
    } else {
      expect(config({ 'max-value-bytes': given }).maxValueBytes).toBe(bytes);
    }
  });

  it.each([
    [':8080', { port: 8080 }],
    [':0', { port: 0 }],
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['localhost:1', { host: 'localhost', port: 1 }],
    ['8080', undefined],
    ['::1:8080', undefined],
    [':65536', undefined],
    [':', undefined],
    ['http://h:80', undefined],
  ])('--http-address %j is %j', (given, address) => {
    if (address === undefined) {
      expect(problems({ 'http-address': given })).toHaveLength(1);
    } else {
      expect(config({ 'http-address': given }).http).toEqual(address);
    }
  });

  it.each([
    ['shop=/web', { namespace: 'shop', prefix: '/web' }],
    ['shop=', { namespace: 'shop', prefix: '' }],
    ['shop=a=b', { namespace: 'shop', prefix: 'a=b' }],
    ['shop', undefined],
    ['=/web', undefined],
    ['*=/web', undefined],
  ])('--allowed-prefix %j is %j', (given, allowed) => {
    if (allowed === undefined) {
      expect(problems({ 'allowed-prefix': given })).toHaveLength(1);
    } else {
      expect(config({ 'allowed-prefix': given }).allowedPrefixes).toEqual([allowed]);
    }
  });

  it.each(['0', '257', '1.5', '-1', ' 3', '3 '])('--workers %j is refused', (workers) => {
    expect(problems({ workers })).toHaveLength(1);
  });
});

describe('the environment variables', () => {
  it('are none that Kubernetes sets for a Service called etcd-endpoints', () => {
    const names = Object.keys(controllerOptions).map(environmentName);
    expect(names.filter((name) => /_SERVICE_(HOST|PORT)|_PORT(_|$)/.test(name))).toEqual([]);
  });

  it('read every option, so that no flag is without its variable', () => {
    const given: Readonly<Record<string, string>> = {
      etcd: 'https://a',
      'etcd-ca': '/ca.pem',
      'etcd-cert': '/cert.pem',
      'etcd-key': '/key.pem',
      'etcd-server-name': 'n',
      'etcd-user': 'u',
      'etcd-password': 'p',
      'etcd-max-message-bytes': '2Mi',
      'etcd-call-timeout': '7s',
      'leader-elect': 'etcd',
      'election-etcd': 'https://b',
      'election-name': '/e',
      release: 'two',
      'own-namespace': 'here',
      'lease-ttl': '20s',
      standby: 'cold',
      publish: 'EndpointSlice',
      'max-endpoints-per-slice': '500',
      'drain-seconds': '30',
      'stale-seconds': '90',
      'node-names': 'true',
      guard: 'on',
      'guard-max-removal-percent': '40',
      'guard-ignore-below': '20',
      'guard-window-seconds': '30',
      'guard-hold-seconds': '600',
      kubeconfig: '/k',
      context: 'c',
      namespace: 'shop',
      'allowed-prefix': 'shop=/',
      'service-cidr': '10.96.0.0/12',
      workers: '2',
      'max-value-bytes': '2Ki',
      'compare-interval': '2m',
      'http-address': ':1',
      'explain-address': '[::1]:2',
      'log-level': 'warn',
      'log-format': 'text',
      replica: 'r',
    };
    const options: OptionTable = controllerOptions;
    expect(Object.keys(options).filter((flag) => !(flag in given))).toEqual(['etcd-password-file']);
    const env = Object.entries(given).map(([flag, value]) => [environmentName(flag), value]);
    expect(controllerConfig(source({}, Object.fromEntries(env)))).toMatchObject({
      etcd: {
        hosts: ['https://a:2379'],
        user: { name: 'u', password: 'p' },
        tls: { serverName: 'n' },
        maxMessageBytes: 2 ** 21,
        callTimeoutMs: 7000,
      },
      publish: ['EndpointSlice'],
      maxEndpointsPerSlice: 500,
      drainMs: 30_000,
      staleMs: 90_000,
      nodeNames: true,
      guard: { maxRemovalPercent: 40, ignoreBelow: 20, windowMs: 30_000, holdMs: 600_000 },
      kubernetes: { kubeconfig: '/k', context: 'c' },
      namespaces: ['shop'],
      allowedPrefixes: [{ namespace: 'shop', prefix: '/' }],
      serviceCidrs: ['10.96.0.0/12'],
      workers: 2,
      maxValueBytes: 2048,
      compareIntervalMs: 120_000,
      http: { port: 1 },
      explain: { host: '::1', port: 2 },
      log: { level: 'warn', format: 'text' },
      replica: 'r',
    });
  });
});

describe('the options of the election', () => {
  it('name the option and the reason where the lease would be too short, too odd, or the name none', () => {
    expect(problems({ 'lease-ttl': '4s' }).join()).toMatch(/--lease-ttl .*at least 5s/);
    expect(problems({ 'lease-ttl': '0s' }).join()).toMatch(/--lease-ttl/);
    expect(problems({ 'lease-ttl': '-5s' }).join()).toMatch(/--lease-ttl/);
    expect(problems({ 'lease-ttl': '5500ms' }).join()).toMatch(/--lease-ttl .*whole seconds/);
    expect(problems({ 'election-name': '/a/' }).join()).toMatch(/--election-name.* slash/);
    expect(problems({ 'leader-elect': 'yes' }).join()).toMatch(
      /--leader-elect .*one of etcd, kubernetes, off/,
    );
  });
});

describe('the options of what is published', () => {
  it('name each kind once, in one order', () => {
    expect(config({ publish: 'EndpointSlice,Endpoints,EndpointSlice' }).publish).toEqual([
      'Endpoints',
      'EndpointSlice',
    ]);
    expect(problems({ publish: 'Pods' }).join()).toMatch(/--publish .*one of Endpoints, EndpointSlice/);
  });

  it('switch the guard of the registry off', () => {
    expect(config({ guard: 'off', 'guard-ignore-below': '20' }).guard).toBeUndefined();
  });

  it.each([
    [{ 'stale-seconds': '60' }],
    [{ 'stale-seconds': '60', 'election-etcd': 'http://10.0.0.2:2379,http://10.0.0.1:2379' }],
  ])('refuse, with the reason, to count etcd as stale that the election hangs on: %j', (flags) => {
    expect(problems(flags)).toEqual([
      '--stale-seconds 60: the election is held in the same etcd, so nobody leads while it is away; use --leader-elect=kubernetes or --election-etcd',
    ]);
  });

  it.each([
    [{ 'leader-elect': 'kubernetes' }],
    [{ 'leader-elect': 'off' }],
    [{ 'election-etcd': 'http://b' }],
  ])('count etcd as stale where the election does not hang on it: %j', (flags) => {
    expect(config({ 'stale-seconds': '60', ...flags }).staleMs).toBe(60_000);
  });
});
